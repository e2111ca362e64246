import { badRequest } from './answer.js';
import { parseDay } from './dates.js';
import type { Call } from './route.js';

const day = 86_400_000;

export interface SizeOptions {
  root: string;
  usual: number;
  most: number;
}

/** The `size` parameter; 400 with 1006 if it is no number from 1 to the resource's maximum, or that of the oddity page-size. */
export function sizeOf({ query, state: { oddities } }: Call, { root, usual, most }: SizeOptions): number {
  const { size } = query;
  const largest = Math.min(most, oddities['page-size'] || most);
  if (size === undefined) {
    return Math.min(usual, largest);
  }
  if (!/^\d{1,9}$/.test(size) || Number(size) < 1 || Number(size) > largest) {
    const range = oddities['page-size-unnamed'] ? '' : `, it must be between 1 and ${largest}`;
    throw badRequest(root, `The size '${size}' is invalid${range}`, '1006');
  }
  return Number(size);
}

export interface NumberedPage {
  /** How many entries come before it. */
  skip: number;
  /** The `page` of the next one. */
  next: string;
}

/** With the oddity page-numbers, the page that the `page` parameter numbers; 400 if it is no number. */
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

/** The parameters of a query that a resource knows; the API ignores all others in silence. */
export function known(query: Record<string, string>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (query[name] === undefined ? [] : [[name, query[name]]])));
}

export interface DigitsOptions {
  root: string;
  name: string;
  digits: number;
  code?: string;
}

/** A parameter that must be so many digits; undefined if it is not there, 400 if it is something else. */
export function digitsOf(query: Record<string, string>, options: DigitsOptions): string | undefined {
  const value = query[options.name];
  if (value !== undefined && !(value.length === options.digits && /^\d+$/.test(value))) {
    const label = options.name === 'npaNxx' || options.name === 'npanxx' ? 'NPA_NXX' : options.name;
    throw badRequest(options.root, `The ${label} '${value}' is invalid`, options.code);
  }
  return value;
}

/** How a resource wants its days: yy-MM-dd, yyyy-MM-dd, or either. */
export type DayForm = 'yy-MM-dd' | 'yyyy-MM-dd' | 'either';

/** A parameter that must be a day, as the epoch time at which it begins; undefined if it is not there, 400 if it is no day. */
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

/** `startdate` and `enddate`, both included, which the order lists take only together: from and before, as epoch times. */
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

/** `startdate` and `enddate` (yyyy-MM-dd, both included) as epoch times from and before; 400 if one is no day. */
export function daysOf(query: Record<string, string>, root: string): { from: number; before: number } {
  const range = dayRangeOf(query, { root, form: 'yyyy-MM-dd', together: false });
  return range ?? { from: Number.NEGATIVE_INFINITY, before: Number.POSITIVE_INFINITY };
}
