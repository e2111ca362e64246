import { hash, hashText } from '../hash.js';
import { textOf } from '../number-key.js';

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
  /** Keys of the account's numbers; a thousand numbers that no account has if omitted or empty. */
  numbers?: Float64Array | undefined;
}

/** Traffic is billed to it although no account has it. */
export const unknownNumber = '2025550143';

/** Columns of call records, as documented (and spelled) by Bandwidth. */
export const callColumns =
  'AccountNumber,CallStartDateTime,CallEndDateTime,CallType,CallSource,CallDestination,Duration,PerMinRate,Amount,TierType,SourceCountry,SourceState,SourceLATA,SourceRateCenter,DestinationCountry,DestinationState,DestinationLATA,DesinationRateCenter,CallID,BdrID,SourceIP,DestinationIP,RateAttempts,LRN';
const messageColumns = 'AccountId,MessageType,MessageID,CallDirection,SourceTn,DestinationTn,TimeStamp,ErrorCode';
const otherColumns = 'TelephoneNumber,ReportDate,Status';

/** The CSV of a report, in chunks. The records of a day depend on the seed and the day only, not on the report. */
export function* recordsCsv(options: RecordsOptions): Generator<Buffer, void> {
  const { header, row } = formOf(options.type);
  let text = `${header}\n`;
  for (const fact of facts(options)) {
    text += row(fact);
    if (text.length >= chunkLength) {
      yield Buffer.from(text);
      text = '';
    }
  }
  yield Buffer.from(text);
}

/** The amounts of an account's calls by direction, in millionths. */
export function callAmounts(options: Omit<RecordsOptions, 'type'>): Record<'inbound' | 'outbound', number> {
  const sums = { inbound: 0, outbound: 0 };
  for (const { random } of facts({ ...options, type: 'BDR' })) {
    sums[isInbound(callType(random)) ? 'inbound' : 'outbound'] += Math.round(amountOf(random) * 1e6);
  }
  return sums;
}

function* facts({ seed, account, type, from, to, rowsPerDay, numbers }: RecordsOptions): Generator<Fact, void> {
  // One object for all records: there may be millions.
  const fact: Fact = { account, numbers, time: 0, random: 0, index: 0 };
  // A statement's calls are those of the BDR.
  const drawn = type === 'STMTBDR' ? 'BDR' : type;
  for (let day = from; day <= to; day += dayMs) {
    const salt = hashText(seed, `${account} ${drawn} ${day}`);
    for (fact.index = 0; fact.index < rowsPerDay; fact.index += 1) {
      fact.time = day + Math.floor((fact.index * dayMs) / rowsPerDay / 1000) * 1000;
      fact.random = hash(salt, fact.index);
      yield fact;
    }
  }
}

interface Fact {
  account: string;
  numbers: Float64Array | undefined;
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

function callType(random: number): string {
  // Half of what would be within a state comes in.
  return random % 8 === 5 ? 'INBOUND' : (callTypes[random % 4] as string);
}

function isInbound(type: string): boolean {
  return type === 'INBOUND' || type === 'TOLL_FREE';
}

function amountOf(random: number): number {
  return (((random % 600) / 60) * (40 + (random % 50))) / 10_000;
}

/** The number that a record is billed to. Every tenth number of an account has no traffic. */
function billedNumber({ numbers, random }: Fact): string {
  if (random % 97 === 0) return unknownNumber;
  const position = random >>> 3;
  if (numbers === undefined || numbers.length === 0) return `919${5_550_000 + (position % 1000)}`;
  const own = position % numbers.length;
  return textOf(numbers[own % 10 === 3 ? own - 1 : own] as number);
}
// One of them needs quotes in CSV.
const places = [
  'NC,426,RALEIGH',
  'CO,656,DENVER',
  'TX,552,"DALLAS, GRAND PRAIRIE"',
  'NY,132,NEW YORK CITY ZONE 01',
  'CA,730,LOS ANGELES',
];

function callRow(fact: Fact): string {
  const { account, time, random, index } = fact;
  const duration = random % 600;
  const rate = 40 + (random % 50);
  const type = callType(random);
  const [own, other] = [billedNumber(fact), number(random >>> 5)];
  // As in Bandwidth's description of the fields, the source has a leading 1, and the destination has none.
  const [from, dialed] = isInbound(type) ? [other, own] : [own, other];
  const [source, destination] = [places[random % 5], places[(random >>> 4) % 5]];
  const id = `${hex(random, 8)}-${hex(random >>> 16, 4)}-4${hex(random >>> 20, 3)}-${hex(index >>> 16, 4)}`;
  return `${account},${bandwidthTime(time)},${bandwidthTime(time + duration * 1000)},${type},${
    from.startsWith('+') ? from : `1${from}`
  },${dialed},${duration},0.00${rate},${amountOf(random).toFixed(6)},Tier ${random % 4},USA,${source},USA,${destination},${id}-${hex(
    index,
    12,
  )},${hex(random ^ 0x5555, 8)}-${hex(index, 8)},10.${random & 255}.${(random >>> 8) & 255}.${(random >>> 16) & 255},192.168.${(random >>> 4) & 255}.${
    (random >>> 12) & 255
  },${1 + (random % 3)},${number(random >>> 7)}\n`;
}

function messageRow(fact: Fact): string {
  const { account, time, random, index } = fact;
  const ends = [billedNumber(fact), number(random >>> 5)].map((each) =>
    each.startsWith('+') ? each.slice(1) : `1${each}`,
  );
  const [source, destination] = random % 2 ? ends : ends.reverse();
  return `${account},sms,${hex(random, 8)}${hex(index, 8)},${random % 2 ? 'OUTBOUND' : 'INBOUND'},${source},${destination},${new Date(time + (random % 1000)).toISOString()},${random % 100 === 0 ? '4720' : ''}\n`;
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
