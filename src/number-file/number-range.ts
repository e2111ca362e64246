import { type NumberProblem, quoted, readNumber, toAscii, withoutSeparators } from './number-form.js';

/** Consecutive numbers that one cell stands for. */
export interface NumberRange {
  /** The first number, ten digits. */
  first: string;
  count: number;
}

/** Longer cells aren't ranges. Each dash of a cell is tried. */
const maxLength = 80;
/** Every number of an exchange (NPA-NXX): a range never leaves it. */
const maxPlaceholders = 4;

const placeholders = /^\+?(?<digits>\d+)(?<places>x+)$/i;
const words = /\s*(?:(?<![a-z])(?:through|thru|to)(?![a-z])|\.{2,}|\u2026|->|\u2192|~)\s*/i;
const dashes = /[-\u2010-\u2015\u2212]/g;
/** The dashes that are written for ranges, unlike the hyphen, which also separates the parts of a number. */
const longDash = /[\u2013\u2014]/;

/**
 * Reads a range as people write it: `919-555-0000 to 0099`, `9195550000-9195550099`, `919-555-0000 – 0099`,
 * `919-555-0000 through 555-0099`, `919-555-00XX` (all 100 numbers).
 *
 * Nothing is guessed. A range stays within one exchange (NPA-NXX), so that it has at most 10,000 numbers. A hyphen between a
 * number and a few digits (`919-555-0000-0099`) might also begin an extension, and is rejected.
 *
 * @returns undefined if the cell isn't written as a range
 */
export function readRange(cell: string): NumberRange | NumberProblem | undefined {
  if (cell.length > maxLength) return undefined;
  const text = toAscii(cell).trim();
  const found = placeholders.exec(withoutSeparators(text))?.groups;
  if (found !== undefined) return readPlaceholders(cell, found);
  const parts = text.split(words);
  if (parts.length > 1 && parts.every((part) => /\d/.test(part))) {
    const [first = '', last = ''] = parts;
    if (parts.length > 2) return problem(cell, 'has more than one range: write each on a line of its own');
    return rangeOf(cell, first, last);
  }
  return readDashes(cell, text);
}

/** The numbers of a range, in ascending order. */
export function* numbersOf({ first, count }: NumberRange): Generator<string> {
  for (let index = 0; index < count; index += 1) yield String(Number(first) + index);
}

function problem(cell: string, what: string): NumberProblem {
  return { code: 'bad-range', reason: `${quoted(cell)} ${what}` };
}

function readPlaceholders(cell: string, found: Record<string, string | undefined>): NumberRange | NumberProblem {
  const { digits = '', places = '' } = found;
  const known = digits.length + places.length === 11 ? digits.replace(/^1/, '') : digits;
  if (known.length + places.length !== 10) {
    return problem(cell, `has ${digits.length} digits and ${places.length} X; together they must be ten`);
  }
  if (places.length > maxPlaceholders) return problem(cell, 'stands for more than 10,000 numbers');
  const first = readNumber(known.padEnd(10, '0'));
  if (typeof first !== 'string') return problem(cell, `is not a range: ${first.reason}`);
  return { first, count: 10 ** places.length };
}

function readDashes(cell: string, text: string): NumberRange | NumberProblem | undefined {
  const splits = [...text.matchAll(dashes)].map(({ index }) => [text.slice(0, index), text.slice(index + 1)] as const);
  const whole = new Map<string, readonly [string, string]>();
  for (const [left, right] of splits) {
    const [first, last] = [readNumber(left), readNumber(right)];
    if (typeof first === 'string' && typeof last === 'string') whole.set(`${first}-${last}`, [first, last]);
  }
  const [only] = whole.values();
  if (only !== undefined && whole.size === 1) return rangeOf(cell, ...only);
  const partial = splits.find(
    ([left, right]) => typeof readNumber(left) === 'string' && /^\s*[\d\s]{1,9}$/.test(right),
  );
  if (partial === undefined) return undefined;
  const isLong = longDash.test(text.charAt(partial[0].length));
  if (isLong && text.split(longDash).length === 2) return rangeOf(cell, ...partial);
  return problem(
    cell,
    'may be a range or a number with an extension: write both numbers of a range in full, as in 919-555-0000 to 919-555-0099',
  );
}

function rangeOf(cell: string, from: string, to: string): NumberRange | NumberProblem {
  const first = readNumber(from);
  if (typeof first !== 'string') return problem(cell, `is not a range: ${first.reason}`);
  const digits = withoutSeparators(to);
  // The last four digits of the last number, or its last seven.
  const end = /^(?:\d{4}|\d{7})$/.test(digits) ? first.slice(0, 10 - digits.length) + digits : to;
  const last = readNumber(end);
  if (typeof last !== 'string') return problem(cell, `is not a range: ${last.reason}`);
  if (last < first) return problem(cell, `is not a range: ${last} is before ${first}`);
  if (last.slice(0, 6) !== first.slice(0, 6)) {
    return problem(
      cell,
      `leaves the exchange ${first.slice(0, 3)}-${first.slice(3, 6)}: write one range for each exchange (NPA-NXX)`,
    );
  }
  return { first, count: Number(last) - Number(first) + 1 };
}
