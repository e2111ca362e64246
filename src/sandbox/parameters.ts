import { badRequest } from './answer.js';
import { parseDay } from './dates.js';
import type { Call, DayForm } from './route.js';

const day = 86_400_000;

export interface SizeOptions {
  root: string;
  defaultSize: number;
  maxSize: number;
}

/**
 * The `size` parameter; 400 with 1006 if it isn't a number from 1 to the maximum of the resource or of the oddity
 * page-size.
 */
export function sizeOf({ query, state: { oddities } }: Call, { root, defaultSize, maxSize }: SizeOptions): number {
  const { size } = query;
  const largest = Math.min(maxSize, oddities['page-size'] || maxSize);
  if (size === undefined) {
    return Math.min(defaultSize, largest);
  }
  if (!/^\d{1,9}$/.test(size) || Number(size) < 1 || Number(size) > largest) {
    const range = oddities['page-size-unnamed'] ? '' : `, it must be between 1 and ${largest}`;
    throw badRequest(root, `The size '${size}' is invalid${range}`, '1006');
  }
  return Number(size);
}

export interface NumberedPage {
  /** How many entries precede the page. */
  skip: number;
  /** `page` parameter of the next page. */
  next: string;
}

/** With the oddity page-numbers, the page that the `page` parameter selects; 400 if it isn't a page number. */
export function numberedPage({ query, state }: Call, root: string, size: number): NumberedPage | undefined {
  if (!state.oddities['page-numbers']) {
    return undefined;
  }
  const { page = '1' } = query;
  if (!/^[1-9]\d{0,8}$/.test(page)) {
    throw badRequest(root, `The page '${page}' is invalid`);
  }
  return { skip: (Number(page) - 1) * size, next: String(Number(page) + 1) };
}

/** The query parameters that a resource supports. The API silently ignores all others. */
export function known(query: Record<string, string>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (query[name] === undefined ? [] : [[name, query[name]]])));
}

export interface DigitsOptions {
  root: string;
  name: string;
  digits: number;
  code?: string;
}

/** A parameter of a fixed number of digits; undefined if absent, 400 if invalid. */
export function digitsOf(query: Record<string, string>, options: DigitsOptions): string | undefined {
  const value = query[options.name];
  if (value !== undefined && !(value.length === options.digits && /^\d+$/.test(value))) {
    const label = options.name === 'npaNxx' || options.name === 'npanxx' ? 'NPA_NXX' : options.name;
    throw badRequest(options.root, `The ${label} '${value}' is invalid`, options.code);
  }
  return value;
}

/** A date parameter, as the epoch time of the start of the day; undefined if absent, 400 if invalid. */
export function dayOf(
  query: Record<string, string>,
  { root, name, form }: { root: string; name: string; form: DayForm },
): number | undefined {
  const value = query[name];
  if (value === undefined) {
    return undefined;
  }
  const short = /^\d\d-\d\d-\d\d$/.test(value);
  const time =
    (form === 'yyyy-MM-dd' && short) || (form === 'yy-MM-dd' && !short)
      ? undefined
      : parseDay(short ? `20${value}` : value);
  if (time === undefined) {
    throw badRequest(
      root,
      `The ${name} '${value}' is invalid, the format is ${form === 'either' ? 'yyyy-MM-dd' : form}`,
    );
  }
  return time;
}

/**
 * `startdate` and `enddate` (inclusive), which the order lists accept only together, as the epoch times `from` and
 * `before`.
 */
export function dayRangeOf(
  query: Record<string, string>,
  { root, form, together }: { root: string; form: DayForm; together: boolean },
): { from: number; before: number } | undefined {
  const from = dayOf(query, { root, name: 'startdate', form });
  const last = dayOf(query, { root, name: 'enddate', form });
  if (from === undefined && last === undefined) {
    return undefined;
  }
  if (together && (from === undefined || last === undefined)) {
    throw badRequest(root, 'The startdate and enddate parameters must be given together');
  }
  return {
    from: from ?? Number.NEGATIVE_INFINITY,
    before: last === undefined ? Number.POSITIVE_INFINITY : last + day,
  };
}

/** `startdate` and `enddate` (yyyy-MM-dd, inclusive) as the epoch times `from` and `before`; 400 if invalid. */
export function daysOf(query: Record<string, string>, root: string): { from: number; before: number } {
  const range = dayRangeOf(query, { root, form: 'yyyy-MM-dd', together: false });
  return range ?? { from: Number.NEGATIVE_INFINITY, before: Number.POSITIVE_INFINITY };
}
