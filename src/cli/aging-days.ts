import { UsageError } from '../errors.js';
import { longestAgingDays } from '../nruf/limits.js';

/** Reads `--aging-days`. */
export function readAgingDays(text: string): number {
  const days = /^\d{1,4}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (days <= longestAgingDays) return days;
  throw new UsageError(
    `--aging-days wants a whole number of days from 0 to ${longestAgingDays}; got ${JSON.stringify(text)}.`,
    { hint: 'Numbers may age for 90 days at most, those of businesses for 365 (47 CFR 52.15(f)(1)(ii)).' },
  );
}
