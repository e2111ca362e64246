import { createHash } from 'node:crypto';
import { CsvError, parse } from 'csv-parse';
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
  let rows: CsvRow[] = [];
  let lastLine = 0;
  const parser = parse({
    bom: true,
    delimiter,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    relax_quotes: true,
    max_record_size: maxLineBytes,
    // Collect rows here instead of in the stream: they are yielded as soon as each chunk is parsed.
    on_record(cells: string[], { lines }) {
      if (cells.some((cell) => cell.trim() !== '')) rows.push({ line: lastLine + 1, cells });
      lastLine = lines;
      return null;
    },
  });
  // The failed write reports the error, too.
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
    throw new FileChangedError(`${file.path} changed while it was being read.`, {
      hint: 'Try again when the program that writes it is done.',
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
    hint: 'Fix the line; write a quotation mark within a quoted cell twice.',
    cause: error,
  });
}
