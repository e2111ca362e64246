import type { Database } from '../database/connect.js';
import { databaseTime } from '../database/time.js';
import { type Day, dayOf, firstDay, parseDay } from '../days.js';
import { UsageError } from '../errors.js';

/**
 * Reads the value of an option that takes a UTC day from 2000 on. `rejectFutureDays` checks for days in the future.
 *
 * @throws {UsageError} the value is not such a day; one line with the option and the value
 */
export function parseDayOption(option: string, text: string): Day {
  const given = JSON.stringify(text);
  const day = parseDay(text);
  if (day === undefined)
    throw new UsageError(`${option} must be a date in the form yyyy-mm-dd, such as 2024-01-31, not ${given}.`);
  if (day < firstDay) throw new UsageError(`${option} ${day} is too early: the earliest date is ${firstDay}.`);
  return day;
}

/**
 * Rejects days in the future by the database's clock, because this machine's may be wrong.
 *
 * @param days by option; undefined if the option is not set
 * @throws {UsageError} one line with the option
 */
export async function rejectFutureDays(
  database: Pick<Database, 'pool'>,
  days: Readonly<Record<string, Day | undefined>>,
): Promise<void> {
  const today = dayOf(await databaseTime(database));
  for (const [option, day] of Object.entries(days)) {
    if (day !== undefined && day > today)
      throw new UsageError(`${option} ${day} is in the future: today is ${today} (UTC).`);
  }
}
