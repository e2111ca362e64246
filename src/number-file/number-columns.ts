import { readNumber } from './number-form.js';
import { UnusableFileError } from './unusable-file.js';

/** The columns of a list of numbers. */
export interface ListColumns {
  /** Index of the column of numbers. */
  number: number;
  /** Its header as written in the file; undefined for a list without a header. */
  numberHeader: string | undefined;
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

/** Recognized headers of columns of numbers, normalized by `simplified`. */
const numberHeaders = new Set(
  [
    'telephone_number tn number phone phone_number telephone telephone_no tel tel_no phone_no did did_number e164 full_number',
    'telephone_numbers tns numbers phones phone_numbers telephones dids did_numbers mdn msisdn ten_digit_number telephonenumber',
  ].flatMap((names) => names.split(' ').map(simplified)),
);

/**
 * Finds the columns from a list's first row. If the list has a single column and its first row isn't a known
 * header, that row is data.
 *
 * @throws {UnusableFileError} if there is no column of numbers, more than one candidate, or no column with the
 *   given name
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
        ? {
            hint: 'Name the right one with --column NAME.',
            fix: 'Give only one of them the header of a column of numbers.',
          }
        : { hint: 'Give the columns different names in its first line.' },
    );
  }
  if (column !== undefined) {
    const message = (file: string) => `${file} has no column ${JSON.stringify(column)}. Its first line is: ${list}.`;
    throw new UnusableFileError(path, message, {
      hint: 'Name one of these columns: --column NAME.',
      byCommand: true,
    });
  }
  if (row.length === 1 && looksLikeNumber(named[0] as string)) {
    return { number: 0, numberHeader: undefined, others: new Map() };
  }
  const message = (file: string) => `${file} has no recognized column of numbers. Its first line is: ${list}.`;
  throw new UnusableFileError(path, message, {
    hint: 'Name the column with --column NAME, or change its header to telephone_number. A list with one column needs no header.',
    fix: 'Change the header of the column of numbers to telephone_number. A list with one column needs no header.',
  });
}

/** Whether a cell is a number, even one with a typo: the first row of a list without a header. */
function looksLikeNumber(cell: string): boolean {
  return typeof readNumber(cell) === 'string' || (cell.match(/\d/g)?.length ?? 0) >= 4;
}

/** Matches the exact name first, then the name ignoring case and punctuation. */
function indexesByName(headers: readonly string[], name: string): number[] {
  const exact = indexesOf(headers, (header) => header === name.trim());
  return exact.length > 0 ? exact : indexesOf(headers, (header) => simplified(header) === simplified(name));
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

function simplified(header: string): string {
  return header.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');
}

function shorten(header: string): string {
  return header.length > 60 ? `${header.slice(0, 60)}…` : header;
}
