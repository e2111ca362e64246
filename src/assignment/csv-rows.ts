import { createHash } from 'node:crypto';
import { CsvError, parse } from 'csv-parse';
import { UsageError } from '../errors.js';
import { type InspectedFile, maxLineBytes, readAsUtf8 } from './text-file.js';
import { UnusableFileError } from './unusable-file.js';

export type Delimiter = ',' | ';' | '\t';
const delimiters: readonly Delimiter[] = [',', ';', '\t'];

/** A file was written to while it was read: another try, later, may go well. */
export class FileChangedError extends UsageError {
  override readonly name = 'FileChangedError';
}

/** A row of a CSV file. */
export interface CsvRow {
  /** Line of the file on which it begins, counted from 1. */
  line: number;
  cells: string[];
}

/** The delimiter that occurs most in the first line that is not blank, quoted text aside; a comma where none does. */
export async function findDelimiter(file: InspectedFile): Promise<Delimiter> {
  let begin = '';
  for await (const chunk of readAsUtf8(file)) {
    begin += chunk.toString('utf8').replace(/^\ufeff/, '');
    if (/\S[^\r\n]*[\r\n]/.test(begin)) break;
  }
  const [line = ''] = begin.trimStart().split(/[\r\n]/, 1);
  const bare = line.replace(/"[^"]*"/g, '');
  const counts = delimiters.map((delimiter) => ({ delimiter, count: bare.split(delimiter).length }));
  return counts.reduce((best, next) => (next.count > best.count ? next : best)).delimiter;
}

/**
 * The rows of a CSV file, as many at a time as a piece of it holds; rows of nothing but blanks are left out.
 *
 * @throws {UnusableFileError} for what can't be read as CSV
 * @throws {FileChangedError} where the file was changed since it was inspected
 */
export async function* readCsvRows(
  file: InspectedFile,
  delimiter: Delimiter,
  signal?: AbortSignal,
): AsyncGenerator<CsvRow[]> {
  let rows: CsvRow[] = [];
  let lastLine = 0;
  const parser = parse({
    bom: true,
    delimiter,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    relax_quotes: true,
    max_record_size: maxLineBytes,
    // Nothing is kept in the stream: what a piece holds is taken as soon as it was parsed.
    on_record(cells: string[], { lines }) {
      if (cells.some((cell) => cell.trim() !== '')) rows.push({ line: lastLine + 1, cells });
      lastLine = lines;
      return null;
    },
  });
  // It comes with the failed write, too.
  parser.on('error', () => undefined);
  parser.resume();
  const hash = createHash('sha256');
  const feed = (piece?: Buffer) =>
    new Promise<void>((resolve, reject) => {
      const done = (error?: Error | null) => (error ? reject(explain(error, file.path, lastLine + 1)) : resolve());
      if (piece === undefined) parser.end(done);
      else parser.write(piece, done);
    });
  try {
    for await (const piece of readAsUtf8(file, { onBytes: (bytes) => hash.update(bytes), signal })) {
      await feed(piece);
      if (rows.length > 0) yield rows;
      rows = [];
    }
    await feed();
    if (rows.length > 0) yield rows;
  } finally {
    parser.destroy();
  }
  if (hash.digest('hex') !== file.sha256) {
    throw new FileChangedError(`${file.path} was changed while it was read.`, {
      hint: 'Try again when whatever writes it is done.',
    });
  }
}

function explain(error: Error, path: string, line: number): Error {
  if (!(error instanceof CsvError)) return error;
  const isUnclosed = error.code === 'CSV_QUOTE_NOT_CLOSED' || error.code === 'CSV_MAX_RECORD_SIZE';
  const what = isUnclosed
    ? 'begins with a quotation mark that is never closed'
    : `can't be read as CSV (${error.code})`;
  return new UnusableFileError(path, (file) => `${file}: the row on line ${line} ${what}.`, {
    hint: 'Fix the line; a quotation mark within a quoted cell is written twice.',
    cause: error,
  });
}
