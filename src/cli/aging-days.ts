import { UsageError } from '../errors.js';
import { longestAgingDays, longestResidentialAgingDays, shortestAgingDays } from '../nruf/limits.js';

const rule = '47 CFR 52.15(f)(1)(ii)';

/** Reads `--aging-days`; defaults to the minimum that the rule allows. */
export function readAgingDays(text: string | undefined): number {
  if (text === undefined) return shortestAgingDays;
  const days = /^\d{1,4}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (days <= longestAgingDays) return days;
  throw new UsageError(
    `--aging-days must be a whole number from 0 to ${longestAgingDays}, not ${JSON.stringify(text)}.`,
    {
      hint: `Numbers must age for at least ${shortestAgingDays} days and at most ${longestResidentialAgingDays} (residential) or ${longestAgingDays} (business) (${rule}).`,
    },
  );
}

/** A warning if the aging period is below the minimum; otherwise undefined. */
export function shortAgingWarning(days: number): string | undefined {
  if (days >= shortestAgingDays) return undefined;
  return `--aging-days ${days} is below the minimum of ${shortestAgingDays} days (${rule}), so too many numbers count as available. Run tn-ledger audit to list them.`;
}
