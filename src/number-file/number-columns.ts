import type { CsvRow } from './csv-rows.js';
import { isNumberHeader, simplified } from './header-names.js';
import { readNumber } from './number-form.js';
import { readRange } from './number-range.js';
import { UnusableFileError } from './unusable-file.js';

/** The columns of a list of numbers. */
export interface ListColumns {
  /** Index of the column of numbers. */
  number: number;
  /** Its header as written in the file; undefined for a list without a header. */
  numberHeader: string | undefined;
  /** Line of the header, from 1; undefined for a list without one. */
  headerLine: number | undefined;
  /** The whole header as written in the file; empty for a list without one. */
  header: readonly string[];
  /** Rows above the header that aren't blank, such as a title. */
  rowsAbove: number;
  /** Indexes of the additional columns requested; columns that the file doesn't have are missing. */
  others: ReadonlyMap<string, number>;
}

export interface ColumnOptions {
  /** Path of the file, for messages. */
  path: string;
  /** The column of numbers, if the user named it. */
  column?: string | undefined;
  /** Names of additional columns to read if the file has them. */
  others?: readonly string[];
}

/** The header is searched in this many rows that aren't blank, below a title, a date or a company's name. */
const headerSearchRows = 25;

/** Reads the rows in which the header is searched. */
export async function firstRows(batches: AsyncIterable<CsvRow[]>): Promise<CsvRow[]> {
  const first: CsvRow[] = [];
  for await (const rows of batches) {
    first.push(...rows.slice(0, headerSearchRows - first.length));
    if (first.length >= headerSearchRows) break;
  }
  return first;
}

/** What the search for the columns found. */
export type ColumnSearch =
  /** `isConfirmed`: the next row has a number, or something like one, in the column. */
  | { columns: ListColumns; isConfirmed: boolean }
  /** `isNear`: there is a header, but more than one column may hold the numbers, or a number is above it. */
  | { error: UnusableFileError; isNear: boolean };

export const bestRank = 3;

/** How well a search succeeded: the columns are found above a number, found, ambiguous, or missing. */
export function rankOf(search: ColumnSearch): number {
  if ('columns' in search) return search.isConfirmed ? bestRank : 2;
  return search.isNear ? 1 : 0;
}

interface Candidate {
  index: number;
  columns: number[];
  isConfirmed: boolean;
}

/**
 * Finds the columns in a list's first rows: the header is the first row that has a known header (or the given column)
 * above a cell that looks like a number, else the first row that has one. If the list has a single column and its first row isn't a
 * known header, that row is data.
 */
export function searchColumns(rows: readonly CsvRow[], options: ColumnOptions): ColumnSearch {
  const { path, column, others = [] } = options;
  const candidates = candidatesIn(rows, column);
  const chosen = candidates.find(({ isConfirmed }) => isConfirmed) ?? candidates[0];
  if (chosen === undefined) return withoutHeader(rows, options);
  const row = rows[chosen.index] as CsvRow;
  const header = row.cells.map((cell) => cell.trim());
  const above = rows.slice(0, chosen.index);
  const stray = firstNumber(above);
  if (stray !== undefined) {
    const what = `has the number ${JSON.stringify(stray.cell)} on line ${stray.line}, above the header on line ${row.line}`;
    const hint = 'Remove the lines above the header, or the header if the list has a single column.';
    return { error: new UnusableFileError(path, (file) => `${file} ${what}.`, { hint }), isNear: true };
  }
  if (chosen.columns.length > 1)
    return { error: severalColumns(chosen.columns, header, row.line, options), isNear: true };
  const number = chosen.columns[0] as number;
  const found = { number, numberHeader: header[number], headerLine: row.line, header: row.cells };
  return {
    columns: { ...found, rowsAbove: chosen.index, others: findOthers(header, others, path) },
    isConfirmed: chosen.isConfirmed,
  };
}

function candidatesIn(rows: readonly CsvRow[], column: string | undefined): Candidate[] {
  return rows.flatMap(({ cells }, index) => {
    const header = cells.map((cell) => cell.trim());
    const columns = column === undefined ? indexesOf(header, isNumberHeader) : indexesByName(header, column);
    if (columns.length === 0) return [];
    const next = rows[index + 1]?.cells;
    return { index, columns, isConfirmed: columns.some((at) => looksLikeNumber(next?.[at] ?? '')) };
  });
}

/** A whole cell that is a number or a range: data, not part of a title. */
function firstNumber(rows: readonly CsvRow[]): { line: number; cell: string } | undefined {
  for (const { line, cells } of rows) {
    const cell = cells.find(isNumbers);
    if (cell !== undefined) return { line, cell };
  }
  return undefined;
}

/** Whether a cell is a number or a range. */
export function isNumbers(cell: string): boolean {
  if (!/\d{3}|\p{Nd}/u.test(cell)) return false;
  if (typeof readNumber(cell) === 'string') return true;
  const range = readRange(cell);
  return range !== undefined && 'count' in range;
}

function withoutHeader(rows: readonly CsvRow[], { path, column }: ColumnOptions): ColumnSearch {
  const [first] = rows;
  const filled = (first?.cells ?? []).flatMap((cell, index) => (cell.trim() === '' ? [] : index));
  const [number] = filled;
  if (column === undefined && number !== undefined && filled.length === 1) {
    const isOnly = rows.every(({ cells }) => cells.every((cell, index) => index === number || cell.trim() === ''));
    if ((first?.cells.length === 1 || isOnly) && looksLikeNumber(first?.cells[number] ?? '')) {
      const none = { numberHeader: undefined, headerLine: undefined, header: [], rowsAbove: 0 };
      return { columns: { number, ...none, others: new Map() }, isConfirmed: true };
    }
  }
  // Titles have one cell: the first row with more is probably the header.
  const named = rows.find(({ cells }) => cells.filter((cell) => cell.trim() !== '').length > 1) ?? first;
  const list = (named?.cells ?? []).map((header) => JSON.stringify(shorten(header.trim()))).join(', ');
  const where = named === first ? 'Its first line is' : `Line ${named?.line} is`;
  const error =
    column === undefined
      ? new UnusableFileError(path, (file) => `${file} has no recognized column of numbers. ${where}: ${list}.`, {
          hint: `Name the column with --column NAME, or change its header to telephone_number, within the first ${headerSearchRows} lines. A list with one column needs no header.`,
          fix: `Change the header of the column of numbers to telephone_number, within the first ${headerSearchRows} lines. A list with one column needs no header.`,
        })
      : new UnusableFileError(path, (file) => `${file} has no column ${JSON.stringify(column)}. ${where}: ${list}.`, {
          hint: 'Name one of these columns: --column NAME.',
          byCommand: true,
        });
  return { error, isNear: false };
}

function severalColumns(
  columns: readonly number[],
  header: readonly string[],
  line: number,
  { path, column }: ColumnOptions,
): UnusableFileError {
  const candidates = columns.map((index) => JSON.stringify(header[index])).join(' or ');
  const message = (file: string) => `${file} has more than one column that may hold the numbers: ${candidates}.`;
  return new UnusableFileError(
    path,
    message,
    column === undefined
      ? {
          hint: 'Name the right one with --column NAME.',
          fix: 'Give only one of them the header of a column of numbers.',
        }
      : { hint: `Give the columns different names on line ${line}.` },
  );
}

/** Whether a cell is a number, even one with a typo: the first row of a list without a header. */
function looksLikeNumber(cell: string): boolean {
  return typeof readNumber(cell) === 'string' || (cell.match(/\p{Nd}/gu)?.length ?? 0) >= 4;
}

/** Matches the exact name first, then the name ignoring case, accents and punctuation. */
function indexesByName(headers: readonly string[], name: string): number[] {
  const exact = indexesOf(headers, (header) => header === name.trim());
  if (exact.length > 0 || simplified(name) === '') return exact;
  return indexesOf(headers, (header) => simplified(header) === simplified(name));
}

function findOthers(headers: readonly string[], names: readonly string[], path: string): Map<string, number> {
  const others = new Map<string, number>();
  for (const name of names) {
    const found = indexesOf(headers, (header) => simplified(header) === simplified(name));
    if (found.length > 1)
      throw new UnusableFileError(path, (file) => `${file} has more than one column named ${name}.`, {
        hint: 'Keep only one of them.',
      });
    if (found[0] !== undefined) others.set(name, found[0]);
  }
  return others;
}

function indexesOf(headers: readonly string[], matches: (header: string) => boolean): number[] {
  return headers.flatMap((header, index) => (matches(header) ? [index] : []));
}

function shorten(header: string): string {
  return header.length > 60 ? `${header.slice(0, 60)}…` : header;
}
