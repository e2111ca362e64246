import { parse } from 'csv-parse/sync';
import { LedgerError } from '../errors.js';
import { isZip } from './archive.js';

/** A CSV file of which the header was read. */
export interface OpenCsv {
  header: string[];
  /** Line on which the first row begins. */
  firstLine: number;
  /** What ends its lines. */
  lineEnd: '\n' | '\r\n' | '\r';
  /** Bytes after the header that were read with it; `rest` begins with them. */
  begin: Buffer;
  /** The bytes after the header. */
  rest: AsyncGenerator<Buffer, void>;
}

/** A file that no table can be made of. */
export class CsvError extends LedgerError {
  override readonly name = 'CsvError';
}

const longestHeader = 1024 * 1024; // bytes

/**
 * Reads the header of a CSV file, and leaves the rest unread.
 *
 * @param name of the file, for errors
 * @returns undefined for a file without any bytes
 * @throws {CsvError} for what can't be a CSV file in UTF-8
 */
export async function openCsv(chunks: AsyncGenerator<Buffer, void>, name: string): Promise<OpenCsv | undefined> {
  let begin: Buffer = Buffer.alloc(0);
  let isWhole = false;
  for (;;) {
    const { done, value } = await chunks.next();
    if (done) isWhole = true;
    else begin = begin.length === 0 ? value : Buffer.concat([begin, value]);
    if (isWhole && begin.length === 0) return undefined;
    refuseOtherContent(begin, name);
    const found = parseHeader(begin, isWhole);
    if (found !== undefined) {
      const { header, bytes } = found;
      const text = begin.subarray(0, bytes).toString('latin1');
      const lineEnd = text.endsWith('\r\n') ? '\r\n' : text.endsWith('\r') ? '\r' : '\n';
      const lines = text.split(lineEnd).length - 1;
      const rest = begin.subarray(bytes);
      return { header, lineEnd, firstLine: Math.max(1, lines) + 1, begin: rest, rest: joined(rest, chunks) };
    }
    if (isWhole || begin.length > longestHeader) {
      await chunks.return(undefined);
      throw new CsvError(`${JSON.stringify(name)} has no header that could be read as CSV.`);
    }
  }
}

/** Undefined where the header does not end in these bytes. */
function parseHeader(begin: Buffer, isWhole: boolean): { header: string[]; bytes: number } | undefined {
  let records: { record: string[]; info: { bytes: number } }[];
  try {
    records = parse(begin, { bom: true, info: true, to: 1, relax_column_count: true }) as unknown as typeof records;
  } catch (error) {
    // A quote that is not closed yet, perhaps; what is wrong with a whole file says its own error.
    if (isWhole || begin.length > longestHeader) throw error;
    return undefined;
  }
  const [first] = records;
  if (first === undefined || (!isWhole && first.info.bytes >= begin.length)) return undefined;
  return { header: first.record, bytes: first.info.bytes };
}

function refuseOtherContent(begin: Buffer, name: string): void {
  const start = begin.subarray(0, 4).toString('latin1');
  const what = isZip(begin)
    ? 'another archive'
    : start.startsWith('%PDF')
      ? 'a PDF document'
      : start.startsWith('\xff\xfe') || start.startsWith('\xfe\xff')
        ? 'UTF-16 text, where CSV is to be UTF-8'
        : undefined;
  if (what !== undefined) throw new CsvError(`${JSON.stringify(name)} is no CSV file: it is ${what}.`);
}

async function* joined(first: Buffer, rest: AsyncGenerator<Buffer, void>): AsyncGenerator<Buffer, void> {
  if (first.length > 0) yield first;
  yield* rest;
}
