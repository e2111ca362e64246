import { UsageError } from '../errors.js';
import { type Day, dayOf, firstDay, parseDay } from '../sync/days.js';

/**
 * Reads the value of an option that takes a day in UTC, from 2000 to today.
 *
 * @throws {UsageError} for anything else, in one line that names the option and what was given
 */
export function parsePastDay(option: string, text: string, now = new Date()): Day {
  const given = JSON.stringify(text);
  const day = parseDay(text);
  if (day === undefined) throw new UsageError(`${option} wants a day as yyyy-mm-dd, such as 2024-01-31; got ${given}.`);
  if (day > dayOf(now)) throw new UsageError(`${option} ${day} lies in the future: today is ${dayOf(now)} (UTC).`);
  if (day < firstDay) throw new UsageError(`${option} ${day} is too early: the earliest day is ${firstDay}.`);
  return day;
}
