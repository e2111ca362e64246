import { badRequest } from './answer.js';
import { parseDay } from './dates.js';

const day = 86_400_000;

export interface SizeOptions {
  root: string;
  usual: number;
  most: number;
}

/** The `size` parameter; 400 if it is no number from 1 to the resource's maximum. */
export function sizeOf(query: Record<string, string>, { root, usual, most }: SizeOptions): number {
  const { size } = query;
  if (size === undefined) {
    return usual;
  }
  if (!/^\d{1,9}$/.test(size) || Number(size) < 1 || Number(size) > most) {
    throw badRequest(root, `The size '${size}' is invalid, it must be between 1 and ${most}`);
  }
  return Number(size);
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

/** `startdate` and `enddate` (yyyy-MM-dd, both included) as epoch times from and before; 400 if one is no day. */
export function daysOf(query: Record<string, string>, root: string): { from: number; before: number } {
  const dayOf = (name: string): number | undefined => {
    const value = query[name];
    const time = value === undefined ? undefined : parseDay(value);
    if (value !== undefined && time === undefined) {
      throw badRequest(root, `The ${name} '${value}' is invalid, the format is yyyy-MM-dd`);
    }
    return time;
  };
  const last = dayOf('enddate');
  return {
    from: dayOf('startdate') ?? Number.NEGATIVE_INFINITY,
    before: last === undefined ? Number.POSITIVE_INFINITY : last + day,
  };
}
