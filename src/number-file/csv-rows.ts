import { createHash } from 'node:crypto';
import { CsvError, type Options, parse } from 'csv-parse/sync';
import { UsageError } from '../errors.js';
import { type InspectedFile, maxLineBytes, readAsUtf8 } from './text-file.js';
import { UnusableFileError } from './unusable-file.js';

export type Delimiter = ',' | ';' | '\t';
const delimiters: readonly Delimiter[] = [',', ';', '\t'];

/** A file was written to while it was being read. A later attempt may succeed. */
export class FileChangedError extends UsageError {
  override readonly name = 'FileChangedError';
}

/** A row of a CSV file or of a sheet. */
export interface CsvRow {
  /** Line of the file where the row begins, or row of the sheet; counted from 1. */
  line: number;
  cells: string[];
}

/** The delimiter is chosen by the file's first lines. */
const firstLines = 25;

/**
 * Returns the delimiters, the likeliest first: by how often they are in the first line that isn't blank, outside quotes, then
 * by how often they are in the first 25 lines, because the first may be a title.
 */
export async function likelyDelimiters(file: InspectedFile): Promise<Delimiter[]> {
  let start = '';
  for await (const chunk of readAsUtf8(file)) {
    start += chunk.toString('utf8').replace(/^\ufeff/, '');
    if (start.trimStart().split(/[\r\n]+/, firstLines + 1).length > firstLines) break;
  }
  const lines = start
    .trimStart()
    .split(/[\r\n]+/, firstLines)
    .map((line) => line.replace(/"[^"]*"/g, ''));
  const count = (delimiter: Delimiter, among: readonly string[]) =>
    among.reduce((sum, line) => sum + line.split(delimiter).length - 1, 0);
  const ranked = delimiters.map((delimiter) => ({
    delimiter,
    inFirst: count(delimiter, lines.slice(0, 1)),
    inAll: count(delimiter, lines),
  }));
  return ranked.sort((a, b) => b.inFirst - a.inFirst || b.inAll - a.inAll).map(({ delimiter }) => delimiter);
}

/**
 * Yields the rows of a CSV file in batches, one per chunk of the file; skips blank rows.
 *
 * @throws {UnusableFileError} if the file isn't valid CSV
 * @throws {FileChangedError} if the file changed since it was inspected
 */
export async function* readCsvRows(
  file: InspectedFile,
  delimiter: Delimiter,
  signal?: AbortSignal,
): AsyncGenerator<CsvRow[]> {
  const hash = createHash('sha256');
  /** What follows the last row that was read, and the line where it begins. */
  let rest: Buffer = Buffer.alloc(0);
  let line = 1;
  let isBegin = true;
  const take = (records: readonly string[][], length: number, hasQuotes: boolean): CsvRow[] => {
    const { rows, nextLine } = numberLines(records, line, hasQuotes);
    rest = rest.subarray(length);
    line = nextLine;
    isBegin &&= length === 0;
    return rows;
  };
  const readRows = (length: number, isEnd: boolean): CsvRow[] => {
    const block = rest.subarray(0, length);
    const options = { ...csvOptions, bom: isBegin, delimiter };
    try {
      return take(parse(block, options), length, block.includes('"'));
    } catch (error) {
      if (!(error instanceof CsvError)) throw error;
      const before = parseFirst(block, error.records as number, options);
      const rows = take(before.records, before.length, true);
      if (error.code !== 'CSV_QUOTE_NOT_CLOSED' || isEnd) throw explain(error, file.path, line);
      return rows; // the next one ends in a later chunk
    }
  };
  for await (const piece of readAsUtf8(file, { onBytes: (bytes) => hash.update(bytes), signal })) {
    rest = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const length = endOfLastLine(rest);
    const rows = length === 0 ? [] : readRows(length, false);
    if (rows.length > 0) yield rows;
  }
  const rows = rest.length === 0 ? [] : readRows(rest.length, true);
  if (rows.length > 0) yield rows;
  if (hash.digest('hex') !== file.sha256) {
    throw new FileChangedError(`${file.path} changed while it was being read.`, {
      hint: 'Try again when the program that writes it is done.',
    });
  }
}

// Without csv-parse's info about each record (lines, on_record), which takes most of its time.
const csvOptions = {
  record_delimiter: ['\r\n', '\n', '\r'],
  relax_column_count: true,
  relax_quotes: true,
  max_record_size: maxLineBytes,
};

/** Reads the first rows of a text, and returns their length. */
function parseFirst(text: Buffer, count: number, options: Options): { records: string[][]; length: number } {
  let length = 0;
  if (count === 0) return { records: [], length };
  const records = parse(text, {
    ...options,
    to: count,
    on_record(cells: string[], { bytes }) {
      length = bytes;
      return cells;
    },
  });
  return { records, length };
}

/** Returns the length of the complete lines. A carriage return at the end may be half of a line break. */
function endOfLastLine(text: Buffer): number {
  const newline = text.lastIndexOf('\n');
  const carriageReturn = text.subarray(0, -1).lastIndexOf('\r');
  return Math.max(newline, carriageReturn) + 1;
}

/** Numbers the lines of consecutive rows, and leaves out blank ones. Only a quoted cell can contain line breaks. */
function numberLines(
  records: readonly string[][],
  first: number,
  hasQuotes: boolean,
): { rows: CsvRow[]; nextLine: number } {
  const rows: CsvRow[] = [];
  let line = first;
  for (const cells of records) {
    if (cells.some((cell) => cell.trim() !== '')) rows.push({ line, cells });
    line += 1;
    if (hasQuotes) for (const cell of cells) line += countLineBreaks(cell);
  }
  return { rows, nextLine: line };
}

function countLineBreaks(cell: string): number {
  return cell.includes('\n') || cell.includes('\r') ? cell.split(/\r\n|\n|\r/).length - 1 : 0;
}

function explain(error: Error, path: string, line: number): Error {
  if (!(error instanceof CsvError)) return error;
  const isUnclosed = error.code === 'CSV_QUOTE_NOT_CLOSED' || error.code === 'CSV_MAX_RECORD_SIZE';
  const what = isUnclosed
    ? 'begins with a quotation mark that is never closed'
    : `can't be read as CSV (${error.code})`;
  return new UnusableFileError(path, (file) => `${file}: the row on line ${line} ${what}.`, {
    hint: 'Fix the line; write a quotation mark within a quoted cell twice.',
    cause: error,
  });
}
