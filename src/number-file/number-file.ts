import type { FileHandle } from 'node:fs/promises';
import { isZip } from '../unpack.js';
import type { CsvRow } from './csv-rows.js';
import { openCsvTable } from './csv-table.js';
import { isNumbers, type ListColumns } from './number-columns.js';
import { type NumberProblem, quoted, readNumber } from './number-form.js';
import { type NumberRange, numbersOf, readRange } from './number-range.js';
import { maxRangesShown, type Reading } from './reading.js';
import type { SheetRow } from './sheet-rows.js';
import type { Table } from './table.js';
import { type HashedFile, readBegin } from './text-file.js';
import { UnusableFileError } from './unusable-file.js';
import { openWorkbookTable, refuseOldWorkbook } from './workbook-table.js';

/** A number of the file. A row with a range yields one for each of its numbers. */
export interface NumberRow {
  /** Line of the file where the row begins, or row of the sheet; counted from 1. */
  line: number;
  /** Position among the numbers of the line, from 1: always 1 unless the line has a range. */
  position: number;
  /** The cell as written in the file. */
  given: string;
  /** Its ten digits, or why the cell isn't a valid number. */
  number: string | NumberProblem;
  /** The additional cells requested, in that order; undefined if the row or the file doesn't have one. */
  others: readonly (string | undefined)[];
}

/** A list of numbers that was inspected and can be read. */
export interface NumberFile extends HashedFile {
  columns: ListColumns;
  /** How the file is read. Its counts are complete once `rows` is. */
  reading: Reading;
  /**
   * Yields the numbers in file order, in batches of at most a chunk of the file or a range; skips blank rows.
   *
   * @throws {UnusableFileError} if the file can't be read further, isn't valid CSV, or its ranges stand for more than 1,000,000
   *   numbers; or a workbook changed since it was opened
   * @throws {FileChangedError} if a CSV file changed since it was opened
   */
  rows(): AsyncGenerator<NumberRow[]>;
  /** Yields the rows below the header as they are in the file, in batches; throws the same. */
  lines(): AsyncGenerator<CsvRow[]>;
}

export interface OpenOptions {
  /** The column of numbers, if the user named it. */
  column?: string | undefined;
  /** The sheet of a workbook, if the user named it. */
  sheet?: string | undefined;
  /** Names of additional columns to read if the file has them. */
  others?: readonly string[];
  signal?: AbortSignal | undefined;
  /** Open file to read instead of the path. */
  handle?: FileHandle | undefined;
}

/** A file of a few lines could otherwise stand for millions of numbers. */
const maxRangeNumbers = 1_000_000;

/**
 * Opens a list of numbers: a CSV file, separated by commas, semicolons or tabs, in UTF-8, UTF-16 or Windows-1252; or an Excel
 * workbook (.xlsx). It has a header within its first 25 rows, or a single column without one. A CSV file is read in chunks, so it
 * can be any size; a workbook may have 128 MiB.
 *
 * @throws {UnusableFileError} if the file can't be read, is neither, is empty or has only a header, or has no
 *   column of numbers
 */
export async function openNumberFile(path: string, options: OpenOptions = {}): Promise<NumberFile> {
  const { others = [] } = options;
  const table = await openTable(path, { ...options, others });
  const { columns, firstRows, sheet, otherSheets = [], warning, rows: _, ...file } = table;
  if (columns.numberHeader !== undefined && firstRows <= columns.rowsAbove + 1) {
    const message = (name: string) => `${name} has a header but no numbers.`;
    throw new UnusableFileError(path, message, { hint: 'Write one number per line.' });
  }
  const reading: Reading = {
    ...{
      sheet,
      otherSheets,
      warning,
      column: columns.numberHeader,
      headerLine: columns.headerLine,
      linesAbove: columns.rowsAbove,
    },
    ...noCounts(),
  };
  return {
    ...file,
    columns,
    reading,
    async *rows() {
      Object.assign(reading, noCounts());
      for await (const lines of linesOf(table)) yield* numbersIn(path, lines, { columns, others, reading });
    },
    lines: () => linesOf(table),
  };
}

async function openTable(path: string, options: OpenOptions & { others: readonly string[] }): Promise<Table> {
  const { signal, others, column, sheet, handle } = options;
  const begin = await readBegin(path, handle);
  const columnOptions = { path, column, others };
  if (isZip(begin)) return openWorkbookTable(path, columnOptions, { sheet, signal, handle });
  await refuseOldWorkbook(path, begin, { signal, handle });
  if (sheet !== undefined) {
    throw new UnusableFileError(path, (file) => `${file} is not a workbook and has no sheets.`, {
      hint: 'Leave out --sheet.',
      byCommand: true,
    });
  }
  return openCsvTable(path, columnOptions, { signal, handle });
}

function noCounts(): Pick<Reading, 'hiddenRows' | 'ranges' | 'rangeNumbers' | 'firstRanges'> {
  return { hiddenRows: 0, ranges: 0, rangeNumbers: 0, firstRanges: [] };
}

/** Yields the rows below the header. */
async function* linesOf({ columns, rows }: Table): AsyncGenerator<CsvRow[]> {
  let above = columns.headerLine === undefined ? 0 : columns.rowsAbove + 1;
  for await (const batch of rows()) {
    yield above === 0 ? batch : batch.slice(above);
    above = Math.max(0, above - batch.length);
  }
}

interface RowOptions {
  columns: ListColumns;
  others: readonly string[];
  reading: Reading;
}

/** Yields the numbers of the lines in one batch, or in several if there are ranges. */
function* numbersIn(path: string, lines: readonly CsvRow[], options: RowOptions): Generator<NumberRow[]> {
  const { columns, others, reading } = options;
  const width = columns.headerLine === undefined ? columns.number + 1 : columns.header.length;
  const isSheet = reading.sheet !== undefined;
  let rows: NumberRow[] = [];
  for (const row of lines) {
    const { line, cells } = row;
    if (isSheet && (row as SheetRow).isHidden) reading.hiddenRows += 1;
    const given = cells[columns.number] ?? '';
    const read = readCell(cells, columns.number, width);
    const found = others.length === 0 ? none : others.map((name) => cells[columns.others.get(name) ?? -1]);
    if (typeof read === 'string' || 'code' in read) {
      rows.push({ line, position: 1, given, number: read, others: found });
      continue;
    }
    countRange(path, reading, line, read);
    if (rows.length > 0) yield rows;
    rows = [];
    let position = 1;
    for (const each of numbersOf(read)) rows.push({ line, position: position++, given, number: each, others: found });
    yield rows;
    rows = [];
  }
  if (rows.length > 0) yield rows;
}

const none: readonly undefined[] = [];
const isUri = /^\s*tel:/i;

/**
 * Reads the cell with a number or a range. If the row has a number beyond the last column, the line is rejected, because that number
 * would be left out. A semicolon may have divided a `tel:` URI before its extension.
 */
function readCell(cells: readonly string[], column: number, width: number): string | NumberProblem | NumberRange {
  const given = cells[column] ?? '';
  // Most cells are ten digits, in a row like the header.
  if (given.length !== 10 || cells.length > width) {
    if (isUri.test(given) && /^\s*[a-z][a-z-]*=/i.test(cells[column + 1] ?? '')) {
      return readNumber(`${given};${cells[column + 1]}`);
    }
    const stray = cells.length > width ? cells.slice(width).find(isNumbers) : undefined;
    if (stray !== undefined) {
      const reason = `the line has another number, ${quoted(stray)}, beyond the last column: write one number per line`;
      return { code: 'not-a-number', reason };
    }
  }
  const number = readNumber(given);
  return typeof number === 'string' || number.code === 'no-number' ? number : (readRange(given) ?? number);
}

function countRange(path: string, reading: Reading, line: number, { count }: NumberRange): void {
  reading.ranges += 1;
  reading.rangeNumbers += count;
  if (reading.firstRanges.length < maxRangesShown) reading.firstRanges.push({ line, count });
  if (reading.rangeNumbers <= maxRangeNumbers) return;
  const message = (file: string) =>
    `${file} has ranges of more than 1,000,000 numbers in all, the limit reached on line ${line}.`;
  throw new UnusableFileError(path, message, {
    hint: 'Divide it into several files, or write the numbers one per line.',
  });
}
