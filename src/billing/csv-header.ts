import { parse } from 'csv-parse/sync';
import { LedgerError, messageOf } from '../errors.js';
import { isZip } from '../unpack.js';

/** A CSV file whose header was read. */
export interface OpenCsv {
  header: string[];
  /** Line where the first row begins. */
  firstLine: number;
  /** Its line ending. */
  lineEnd: '\n' | '\r\n' | '\r';
  /** Bytes after the header that were read along with it; `rest` starts with them. */
  begin: Buffer;
  /** The bytes after the header. */
  rest: AsyncGenerator<Buffer, void>;
}

/** A file that can't be read as a table. */
export class CsvError extends LedgerError {
  override readonly name = 'CsvError';
}

const maxHeaderBytes = 1024 * 1024; // bytes

/**
 * Reads the header of a CSV file and leaves the rest unread.
 *
 * @param name of the file, for errors
 * @returns undefined for an empty file
 * @throws {CsvError} if it can't be a CSV file in UTF-8
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
    const found = parseHeader(begin, isWhole, name);
    if (found !== undefined) {
      const { header, bytes } = found;
      const text = begin.subarray(0, bytes).toString('latin1');
      const lineEnd = text.endsWith('\r\n') ? '\r\n' : text.endsWith('\r') ? '\r' : '\n';
      const lines = text.split(lineEnd).length - 1;
      const rest = begin.subarray(bytes);
      return { header, lineEnd, firstLine: Math.max(1, lines) + 1, begin: rest, rest: joined(rest, chunks) };
    }
    if (isWhole || begin.length > maxHeaderBytes) {
      await chunks.return(undefined);
      throw new CsvError(`${JSON.stringify(name)} has no header that can be read as CSV.`);
    }
  }
}

/** Returns undefined if the header doesn't end within these bytes. */
function parseHeader(begin: Buffer, isWhole: boolean, name: string): { header: string[]; bytes: number } | undefined {
  let records: { record: string[]; info: { bytes: number } }[];
  try {
    records = parse(begin, { bom: true, info: true, to: 1, relax_column_count: true }) as unknown as typeof records;
  } catch (error) {
    // Perhaps the closing quote hasn't been read yet. For a complete file, report the error.
    if (!isWhole && begin.length <= maxHeaderBytes) return undefined;
    throw new CsvError(`The header of ${JSON.stringify(name)} can't be read as CSV (${messageOf(error)}).`, {
      cause: error,
    });
  }
  const [first] = records;
  if (first === undefined || (!isWhole && first.info.bytes >= begin.length)) return undefined;
  if (first.record.some((column) => column.includes('\0'))) {
    throw new CsvError(`The header of ${JSON.stringify(name)} can't be read as CSV: it contains a zero byte.`);
  }
  return { header: first.record, bytes: first.info.bytes };
}

function refuseOtherContent(begin: Buffer, name: string): void {
  const start = begin.subarray(0, 4).toString('latin1');
  const what = isZip(begin)
    ? 'another archive'
    : start.startsWith('%PDF')
      ? 'a PDF document'
      : start.startsWith('\xff\xfe') || start.startsWith('\xfe\xff')
        ? 'UTF-16 text, and CSV files must be UTF-8'
        : undefined;
  if (what !== undefined) throw new CsvError(`${JSON.stringify(name)} isn't a CSV file: it is ${what}.`);
}

async function* joined(first: Buffer, rest: AsyncGenerator<Buffer, void>): AsyncGenerator<Buffer, void> {
  if (first.length > 0) yield first;
  yield* rest;
}
