import type { FileHandle } from 'node:fs/promises';
import { type CsvRow, type Delimiter, findDelimiter, readCsvRows } from './csv-rows.js';
import { findColumns, type ListColumns } from './number-columns.js';
import { type NumberProblem, readNumber } from './number-form.js';
import { type InspectedFile, inspectTextFile } from './text-file.js';
import { UnusableFileError } from './unusable-file.js';

/** A row of a list of numbers. */
export interface NumberRow {
  /** Line of the file on which the row begins, counted from 1. */
  line: number;
  /** The cell as it is in the file. */
  given: string;
  /** Its ten digits, or why there are none. */
  number: string | NumberProblem;
  /** The further cells asked for, in that order; undefined where the row or the file has none. */
  others: readonly (string | undefined)[];
}

/** A list of numbers that was looked at, and can be read. */
export interface NumberFile extends InspectedFile {
  columns: ListColumns;
  /**
   * The rows in the order of the file, as many at a time as a piece of the file holds; rows of nothing but blanks are left out.
   *
   * @throws {UnusableFileError} where the file can't be read on, is not CSV from some line on, or was changed since it was opened
   */
  rows(): AsyncGenerator<NumberRow[]>;
}

export interface OpenOptions {
  /** The column of numbers, where the user named it. */
  column?: string | undefined;
  /** Names of further columns that are read where the file has them. */
  others?: readonly string[];
  signal?: AbortSignal | undefined;
  /** Where the file is read from in place of its path. */
  handle?: FileHandle | undefined;
}

const lineEach = 'Give it a line for each number.';

/**
 * Opens a CSV file of numbers: comma, semicolon or tab; UTF-8, UTF-16 or Windows-1252; with a header, or a single column
 * without one. It is read in pieces, however large it is.
 *
 * @throws {UnusableFileError} a file that can't be read, is no text, holds nothing or only a header, or has no column of numbers
 */
export async function openNumberFile(path: string, options: OpenOptions = {}): Promise<NumberFile> {
  const { signal, others = [], column, handle } = options;
  const file = await inspectTextFile(path, { signal, handle });
  const delimiter = await findDelimiter(file);
  const [first, second] = await firstRows(file, delimiter, 2);
  if (first === undefined)
    throw new UnusableFileError(path, (file) => `${file} holds nothing but blanks.`, { hint: lineEach });
  const columns = findColumns(first.cells, { path, column, others });
  if (columns.numberHeader !== undefined && second === undefined) {
    throw new UnusableFileError(path, (file) => `${file} holds a header and no numbers.`, { hint: lineEach });
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
