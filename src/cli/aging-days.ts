import { UsageError } from '../errors.js';
import { longestAgingDays, longestResidentialAgingDays, shortestAgingDays } from '../nruf/limits.js';

const rule = '47 CFR 52.15(f)(1)(ii)';

/** Reads `--aging-days`; left out: the shortest time that the rule allows. */
export function readAgingDays(text: string | undefined): number {
  if (text === undefined) return shortestAgingDays;
  const days = /^\d{1,4}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (days <= longestAgingDays) return days;
  throw new UsageError(
    `--aging-days wants a whole number of days from 0 to ${longestAgingDays}; got ${JSON.stringify(text)}.`,
    {
      hint: `Numbers age for at least ${shortestAgingDays} days, and at most ${longestResidentialAgingDays} (residential) or ${longestAgingDays} (business) (${rule}).`,
    },
  );
}

/** What is wrong with counting so few days; undefined where nothing is. */
export function shortAgingWarning(days: number): string | undefined {
  if (days >= shortestAgingDays) return undefined;
  return `--aging-days ${days} is below the minimum of ${shortestAgingDays} days (${rule}): too many numbers count as available. tn-ledger audit lists them.`;
}
