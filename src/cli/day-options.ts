import type { Database } from '../database/connect.js';
import { databaseTime } from '../database/time.js';
import { type Day, dayOf, firstDay, parseDay } from '../days.js';
import { UsageError } from '../errors.js';
import { lastReportingDay } from '../nruf/due.js';

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

const timeForm =
  /^(?<day>\d{4}-\d\d-\d\d)(?:[T ](?<time>\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?))? ?(?<zone>Z|UTC|[+-]\d\d(?::?\d\d)?)?$/i;

/**
 * Reads the value of an option that takes a time, as PostgreSQL takes it for `known_at`: `2026-01-28`, `2026-01-28 15:00 UTC`,
 * `2026-01-28T10:00:00.123456-05:00`. Without a time, the start of the day; without a zone, UTC.
 *
 * @returns the time in ISO 8601, with all digits of its seconds
 * @throws {UsageError} the value is not such a time; one line with the option and the value
 */
export function parseTimeOption(option: string, text: string): string {
  const { day = '', time = '00:00', zone = 'Z' } = timeForm.exec(text.trim())?.groups ?? {};
  const offset = /^(?:Z|UTC)$/i.test(zone) ? 'Z' : zone.replace(/^(...)(\d\d)$/, '$1:$2').replace(/^(...)$/, '$1:00');
  const iso = `${day}T${time.length === 5 ? `${time}:00` : time}${offset}`;
  if (parseDay(day) !== undefined && !Number.isNaN(Date.parse(iso))) return iso;
  throw new UsageError(
    `${option} must be a date or a time, such as 2026-01-28 or "2026-01-28 15:00 UTC", not ${JSON.stringify(text)}.`,
  );
}

/**
 * Reads the value of `--as-of`: a day, or `last` for the last reporting date of NRUF. Returns the day, given today by the database's clock.
 *
 * @throws {UsageError} the value is neither
 */
export function parseAsOf(text: string): (today: Day) => Day {
  if (text === 'last') return lastReportingDay;
  const day = parseDayOption('--as-of', text);
  return () => day;
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
