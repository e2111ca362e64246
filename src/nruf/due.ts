import { addDays, type Day, daysBetween } from '../days.js';
import { UsageError } from '../errors.js';
import { nrufDue } from '../filing-deadlines.js';

/** A filing deadline of NRUF: 47 CFR 52.15(f)(6). */
export interface Due {
  /** February 1 or August 1. */
  on: Day;
  /** The day as of which numbers are reported: December 31 or June 30. */
  asOf: Day;
  /** Days since the deadline; 0 or less: it is not over. */
  overdueDays: number;
}

/**
 * The deadline on a day.
 *
 * @param today by the database's clock
 * @throws {UsageError} it isn't a deadline, or the day as of which numbers are reported is not over
 */
export function dueOn(day: Day, today: Day): Due {
  const asOf = reportingDay(day);
  if (asOf >= today) {
    throw new UsageError(
      `The filing due on ${day} reports numbers as of ${asOf}, which is not over: today is ${today} (UTC). Nothing was prepared.`,
      { hint: `Prepare it on ${addDays(asOf, 1)} or later.` },
    );
  }
  return { on: day, asOf, overdueDays: daysBetween(day, today) };
}

function reportingDay(day: Day): Day {
  const year = Number(day.slice(0, 4));
  const asOf = [`${year - 1}-12-31`, `${year}-06-30`].find((reported) => nrufDue(reported) === day);
  if (asOf !== undefined) return asOf;
  throw new UsageError(`NRUF filings are due on February 1 and August 1, not on ${day}.`, {
    hint: `Use --due ${year}-02-01 or --due ${year}-08-01.`,
  });
}

/** The last day as of which numbers were reported: the latest June 30 or December 31 that is over. */
export function lastReportingDay(today: Day): Day {
  const year = Number(today.slice(0, 4));
  return today > `${year}-06-30` ? `${year}-06-30` : `${year - 1}-12-31`;
}
