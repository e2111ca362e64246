import { hash, hashText } from '../hash.js';

const dayMs = 86_400_000;
const chunkLength = 64 * 1024;

/** Selects the records of a report. */
export interface RecordsOptions {
  seed: number;
  account: string;
  type: string;
  /** Epoch times of the first and last day. */
  from: number;
  to: number;
  rowsPerDay: number;
}

/** Columns of call records, as documented (and spelled) by Bandwidth. */
export const callColumns =
  'AccountNumber,CallStartDateTime,CallEndDateTime,CallType,CallSource,CallDestination,Duration,PerMinRate,Amount,TierType,SourceCountry,SourceState,SourceLATA,SourceRateCenter,DestinationCountry,DestinationState,DestinationLATA,DesinationRateCenter,CallID,BdrID,SourceIP,DestinationIP,RateAttempts,LRN';
const messageColumns = 'AccountId,MessageType,MessageID,CallDirection,SourceTn,DestinationTn,TimeStamp,ErrorCode';
const otherColumns = 'TelephoneNumber,ReportDate,Status';

/** The CSV of a report, in chunks. The records of a day depend on the seed and the day only, not on the report. */
export function* recordsCsv(options: RecordsOptions): Generator<Buffer, void> {
  const { from, to, rowsPerDay, type } = options;
  const { header, row } = formOf(type);
  let text = `${header}\n`;
  for (let day = from; day <= to; day += dayMs) {
    const salt = hashText(options.seed, `${options.account} ${type} ${day}`);
    for (let index = 0; index < rowsPerDay; index += 1) {
      const time = day + Math.floor((index * dayMs) / rowsPerDay / 1000) * 1000;
      text += row({ account: options.account, time, random: hash(salt, index), index });
      if (text.length >= chunkLength) {
        yield Buffer.from(text);
        text = '';
      }
    }
  }
  yield Buffer.from(text);
}

interface Fact {
  account: string;
  time: number;
  random: number;
  index: number;
}

function formOf(type: string): { header: string; row: (fact: Fact) => string } {
  if (type === 'BDR' || type === 'STMTBDR') return { header: callColumns, row: callRow };
  if (type === 'MDR') return { header: messageColumns, row: messageRow };
  return { header: otherColumns, row: otherRow };
}

const callTypes = ['INTERSTATE', 'INTRASTATE', 'TOLL_FREE', 'INTERNATIONAL'];
// One of them needs quotes in CSV.
const places = [
  'NC,426,RALEIGH',
  'CO,656,DENVER',
  'TX,552,"DALLAS, GRAND PRAIRIE"',
  'NY,132,NEW YORK CITY ZONE 01',
  'CA,730,LOS ANGELES',
];

function callRow({ account, time, random, index }: Fact): string {
  const duration = random % 600;
  const rate = 40 + (random % 50);
  const amount = ((duration / 60) * rate) / 10_000;
  const [source, destination] = [places[random % 5], places[(random >>> 4) % 5]];
  const id = `${hex(random, 8)}-${hex(random >>> 16, 4)}-4${hex(random >>> 20, 3)}-${hex(index >>> 16, 4)}`;
  return `${account},${bandwidthTime(time)},${bandwidthTime(time + duration * 1000)},${callTypes[random % 4]},${number(
    random,
  )},${number(random >>> 5)},${duration},0.00${rate},${amount.toFixed(6)},Tier ${random % 4},USA,${source},USA,${destination},${id}-${hex(
    index,
    12,
  )},${hex(random ^ 0x5555, 8)}-${hex(index, 8)},10.${random & 255}.${(random >>> 8) & 255}.${(random >>> 16) & 255},192.168.${(random >>> 4) & 255}.${
    (random >>> 12) & 255
  },${1 + (random % 3)},${number(random >>> 7)}\n`;
}

function messageRow({ account, time, random, index }: Fact): string {
  return `${account},sms,${hex(random, 8)}${hex(index, 8)},${random % 2 ? 'outbound' : 'inbound'},${number(random)},${number(
    random >>> 5,
  )},${new Date(time + (random % 1000)).toISOString()},${random % 100 === 0 ? '4720' : ''}\n`;
}

function otherRow({ time, random }: Fact): string {
  return `${number(random)},${new Date(time).toISOString().slice(0, 10)},Inservice\n`;
}

function number(random: number): string {
  return `919${2_000_000 + (random % 8_000_000)}`;
}

function hex(value: number, length: number): string {
  return (value >>> 0).toString(16).padStart(length, '0').slice(-length);
}

/** `2015/09/12 10:03:05 AM`, in UTC without an offset. */
function bandwidthTime(time: number): string {
  const iso = new Date(time).toISOString();
  const hour = Number(iso.slice(11, 13));
  const half = String(hour % 12 || 12).padStart(2, '0');
  return `${iso.slice(0, 10).replaceAll('-', '/')} ${half}${iso.slice(13, 19)} ${hour < 12 ? 'AM' : 'PM'}`;
}
