import { type ByteWriter, createByteWriter } from './byte-writer.js';
import { writeDate } from './dates.js';
import type { NumberRow } from './number.js';
import { isNanp, isTollFree, textOf } from './number-key.js';
import { escapeXml } from './xml.js';

const indent = '            ';
const day = 86_400_000;

export interface AccountNumber {
  accountId: string;
  row: NumberRow;
}

/** Writes numbers as the TelephoneNumber elements of `/tns`, in the element order of the Bandwidth API reference. */
export type NumberWriter = (numbers: Iterable<AccountNumber>) => Buffer;

/** Creates a writer that caches the lines it wrote: a page of 2500 numbers has few different cities and vendors. */
export function createNumberWriter(): NumberWriter {
  const lines = {
    city: lineCache('City'),
    lata: lineCache('Lata'),
    state: lineCache('State'),
    country: lineCache('Country'),
    tnType: lineCache('TnType'),
    tier: lineCache('Tier'),
    vendorId: lineCache('VendorId'),
    vendorName: lineCache('VendorName'),
    rateCenter: lineCache('RateCenter'),
    status: lineCache('Status'),
    accountId: lineCache('AccountId'),
  };
  const days = new Map<number, Buffer>();
  const page = createByteWriter();
  const paddedNumber = createByteWriter();

  function timestamp(out: ByteWriter, time: number): void {
    const dayNumber = Math.floor(time / day);
    let date = days.get(dayNumber);
    if (date === undefined) {
      date = Buffer.from(new Date(dayNumber * day).toISOString().slice(0, 11));
      days.set(dayNumber, date);
    }
    const ms = time - dayNumber * day;
    out.bytes(date);
    out.digits(Math.floor(ms / 3_600_000), 2);
    out.bytes(colon);
    out.digits(Math.floor(ms / 60_000) % 60, 2);
    out.bytes(colon);
    out.digits(Math.floor(ms / 1000) % 60, 2);
    out.bytes(point);
    out.digits(ms % 1000, 3);
    out.bytes(zulu);
  }

  function write(out: ByteWriter, { row, accountId }: AccountNumber): void {
    const nanp = isNanp(row.key);
    out.bytes(open);
    out.bytes(lines.city(row.city));
    out.bytes(lines.lata(row.lata));
    out.bytes(lines.state(row.state));
    out.bytes(openNumber);
    if (nanp) {
      out.digits(row.key, 10);
    } else {
      out.text(textOf(row.key));
    }
    out.bytes(closeNumber);
    out.bytes(lines.country(row.country));
    out.bytes(lines.tnType(row.tnType));
    out.bytes(lines.tier(row.tier));
    out.bytes(lines.vendorId(row.vendorId));
    out.bytes(lines.vendorName(row.vendorName));
    // Toll-free numbers have no rate center; they get an empty element.
    out.bytes(lines.rateCenter(row.rateCenter ?? (nanp && isTollFree(row.key) ? '' : undefined)));
    out.bytes(lines.status(row.status));
    out.bytes(lines.accountId(accountId));
    out.bytes(openModified);
    if (row.dateForm === undefined) {
      timestamp(out, row.lastModified);
    } else {
      out.text(writeDate(row.dateForm, row.lastModified));
    }
    out.bytes(closeModified);
    if (row.inServiceDate !== undefined) {
      out.bytes(openInService);
      timestamp(out, row.inServiceDate);
      out.bytes(closeInService);
    }
    out.bytes(close);
  }

  return (numbers) => {
    for (const number of numbers) {
      if (number.row.quirk === 'padded') {
        write(paddedNumber, number);
        page.text(padded(paddedNumber.take().toString()));
      } else {
        write(page, number);
      }
    }
    return page.take();
  };
}

const open = Buffer.from('        <TelephoneNumber>\n');
const openNumber = Buffer.from(`${indent}<FullNumber>`);
const closeNumber = Buffer.from('</FullNumber>\n');
const openModified = Buffer.from(`${indent}<LastModified>`);
const closeModified = Buffer.from('</LastModified>\n');
const openInService = Buffer.from(`${indent}<InServiceDate>`);
const closeInService = Buffer.from('</InServiceDate>\n');
const close = Buffer.from('        </TelephoneNumber>\n');
const colon = Buffer.from(':');
const point = Buffer.from('.');
const zulu = Buffer.from('Z');
const nothing = Buffer.alloc(0);

function lineCache(name: string): (text: string | undefined) => Buffer {
  const known = new Map<string, Buffer>();
  let lastText: string | undefined;
  let lastLine: Buffer = nothing;
  return (text) => {
    if (text !== lastText) {
      lastText = text;
      lastLine = text === undefined ? nothing : (known.get(text) ?? lineOf(text));
    }
    return lastLine;
  };

  function lineOf(text: string): Buffer {
    const line = Buffer.from(`${indent}<${name}>${escapeXml(text)}</${name}>\n`);
    known.set(text, line);
    return line;
  }
}

/** Text wrapped in newlines and spaces, as the API's pretty-printer sometimes leaves it. */
function padded(text: string): string {
  return text.replace(/>([^<>\n]+)<\//g, `>\n${indent}    $1\n${indent}</`);
}
