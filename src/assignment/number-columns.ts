import { readNumber } from './number-form.js';
import { UnusableFileError } from './unusable-file.js';

/** Where a list has its numbers, and whatever else is wanted of its rows. */
export interface ListColumns {
  /** Index of the column that holds the numbers. */
  number: number;
  /** Its header as it is in the file; undefined for a list without one. */
  numberHeader: string | undefined;
  /** Indexes of the further columns asked for; those that the file doesn't have are missing. */
  others: ReadonlyMap<string, number>;
}

export interface ColumnOptions {
  /** What messages call the file. */
  path: string;
  /** The column of numbers, where the user named it. */
  column?: string | undefined;
  /** Names of further columns that are read where the file has them. */
  others?: readonly string[];
}

/** Headers of columns of numbers, as `simplified` makes them. */
const numberHeaders = new Set(
  [
    'telephone_number tn number phone phone_number telephone telephone_no tel tel_no phone_no did did_number e164 full_number',
    'telephone_numbers tns numbers phones phone_numbers telephones dids did_numbers mdn msisdn ten_digit_number telephonenumber',
  ].flatMap((names) => names.split(' ').map(simplified)),
);

/**
 * Finds the columns by a list's first row. A row without a known header is one of numbers where there is a single column.
 *
 * @throws {UnusableFileError} there is no column of numbers, more than one that could be it, or none of the name given
 */
export function findColumns(row: readonly string[], options: ColumnOptions): ListColumns {
  const { path, column, others = [] } = options;
  const named = row.map((header) => header.trim());
  const list = named.map((header) => JSON.stringify(shorten(header))).join(', ');
  const found =
    column === undefined
      ? indexesOf(named, (header) => numberHeaders.has(simplified(header)))
      : indexesByName(named, column);
  const [number] = found;
  if (number !== undefined && found.length === 1) {
    return { number, numberHeader: named[number], others: findOthers(named, others, path) };
  }
  if (found.length > 1) {
    const candidates = found.map((index) => JSON.stringify(named[index])).join(' or ');
    const message = (file: string) => `${file} has more than one column that may hold the numbers: ${candidates}.`;
    throw new UnusableFileError(
      path,
      message,
      column === undefined
        ? { hint: 'Name the one that is meant: --column NAME.', fix: 'Name only one of them like a column of numbers.' }
        : { hint: 'Give the columns different names in its first line.' },
    );
  }
  if (column !== undefined) {
    const message = (file: string) => `${file} has no column ${JSON.stringify(column)}. Its first line reads: ${list}.`;
    throw new UnusableFileError(path, message, {
      hint: 'Name one of these columns: --column NAME.',
      byCommand: true,
    });
  }
  if (row.length === 1 && looksLikeNumber(named[0] as string)) {
    return { number: 0, numberHeader: undefined, others: new Map() };
  }
  const message = (file: string) =>
    `${file} has no column that is known to hold numbers. Its first line reads: ${list}.`;
  throw new UnusableFileError(path, message, {
    hint: 'Name the column with --column NAME, or head it telephone_number; a list of one column needs no header.',
    fix: 'Head the column of numbers telephone_number; a list of one column needs no header.',
  });
}

/** The first row of a list without a header, even where it is a number with a mistake in it. */
function looksLikeNumber(cell: string): boolean {
  return typeof readNumber(cell) === 'string' || (cell.match(/\d/g)?.length ?? 0) >= 4;
}

/** By the exact name; where there is none, by the name without regard to case and punctuation. */
function indexesByName(headers: readonly string[], name: string): number[] {
  const exact = indexesOf(headers, (header) => header === name.trim());
  return exact.length > 0 ? exact : indexesOf(headers, (header) => simplified(header) === simplified(name));
}

function findOthers(headers: readonly string[], names: readonly string[], path: string): Map<string, number> {
  const others = new Map<string, number>();
  for (const name of names) {
    const found = indexesOf(headers, (header) => simplified(header) === simplified(name));
    if (found.length > 1)
      throw new UnusableFileError(path, (file) => `${file} has more than one column ${name}.`, {
        hint: 'Leave one of them.',
      });
    if (found[0] !== undefined) others.set(name, found[0]);
  }
  return others;
}

function indexesOf(headers: readonly string[], matches: (header: string) => boolean): number[] {
  return headers.flatMap((header, index) => (matches(header) ? [index] : []));
}

function simplified(header: string): string {
  return header.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');
}

function shorten(header: string): string {
  return header.length > 60 ? `${header.slice(0, 60)}…` : header;
}
