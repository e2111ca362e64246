import type { FileHandle } from 'node:fs/promises';
import { type CsvRow, type Delimiter, findDelimiter, readCsvRows } from './csv-rows.js';
import { findColumns, type ListColumns } from './number-columns.js';
import { type NumberProblem, readNumber } from './number-form.js';
import { type InspectedFile, inspectTextFile } from './text-file.js';
import { UnusableFileError } from './unusable-file.js';

export interface NumberRow {
  /** Line of the file where the row begins, counted from 1. */
  line: number;
  /** The cell as written in the file. */
  given: string;
  /** Its ten digits, or why the cell isn't a valid number. */
  number: string | NumberProblem;
  /** The additional cells requested, in that order; undefined if the row or the file doesn't have one. */
  others: readonly (string | undefined)[];
}

/** A list of numbers that was inspected and can be read. */
export interface NumberFile extends InspectedFile {
  columns: ListColumns;
  /**
   * Yields the rows in file order, in batches, one per chunk of the file; skips blank rows.
   *
   * @throws {UnusableFileError} if the file can't be read further, isn't valid CSV, or changed since it was opened
   */
  rows(): AsyncGenerator<NumberRow[]>;
}

export interface OpenOptions {
  /** The column of numbers, if the user named it. */
  column?: string | undefined;
  /** Names of additional columns to read if the file has them. */
  others?: readonly string[];
  signal?: AbortSignal | undefined;
  /** Open file to read instead of the path. */
  handle?: FileHandle | undefined;
}

const lineEach = 'Write one number per line.';

/**
 * Opens a CSV file of numbers: separated by commas, semicolons or tabs; in UTF-8, UTF-16 or Windows-1252; with a
 * header, or a single column without one. The file is read in chunks, so it can be any size.
 *
 * @throws {UnusableFileError} if the file can't be read, isn't text, is empty or has only a header, or has no
 *   column of numbers
 */
export async function openNumberFile(path: string, options: OpenOptions = {}): Promise<NumberFile> {
  const { signal, others = [], column, handle } = options;
  const file = await inspectTextFile(path, { signal, handle });
  const delimiter = await findDelimiter(file);
  const [first, second] = await firstRows(file, delimiter, 2);
  if (first === undefined) throw new UnusableFileError(path, (file) => `${file} is blank.`, { hint: lineEach });
  const columns = findColumns(first.cells, { path, column, others });
  if (columns.numberHeader !== undefined && second === undefined) {
    throw new UnusableFileError(path, (file) => `${file} has a header but no numbers.`, { hint: lineEach });
  }
  return {
    ...file,
    columns,
    async *rows() {
      let isHeader = columns.numberHeader !== undefined;
      for await (const rows of readCsvRows(file, delimiter, signal)) {
        const read = rows.map((row) => toNumberRow(row, columns, others));
        yield isHeader ? read.slice(1) : read;
        isHeader = false;
      }
    },
  };
}

function toNumberRow({ line, cells }: CsvRow, columns: ListColumns, others: readonly string[]): NumberRow {
  const given = cells[columns.number] ?? '';
  return {
    line,
    given,
    number: readNumber(given),
    others: others.map((name) => cells[columns.others.get(name) ?? -1]),
  };
}

async function firstRows(file: InspectedFile, delimiter: Delimiter, count: number): Promise<CsvRow[]> {
  const first: CsvRow[] = [];
  for await (const rows of readCsvRows(file, delimiter)) {
    first.push(...rows.slice(0, count));
    if (first.length >= count) break;
  }
  return first;
}
