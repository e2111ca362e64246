import { createTask, validateDetailed } from 'node-cron';
import { dayMs, momentOf, type WallTime, wallTimeAt } from './wall-clock.js';

/** The times of a cron schedule. */
export interface Timetable {
  /** The first time after the given one; undefined if there is none within fifty years. */
  next(after: Date): Date | undefined;
  /** The next `count` times. */
  upcoming(after: Date, count: number): Date[];
  /** The last time at or before the given one; undefined if there is none within fifty years. */
  previous(notAfter: Date): Date | undefined;
}

/** The next February 29 on the same weekday can be forty years away. */
const horizonDays = 50 * 366;

/**
 * Computes the times of a cron expression in a time zone. Each local time occurs once per date: a time repeated when daylight
 * saving ends counts the first time; a time skipped when daylight saving begins is shifted forward by the length of the gap.
 *
 * node-cron's own search looks for instants with the given local time, and so skips the date on which that time doesn't exist.
 * Here, node-cron only determines the matching dates and local times; `momentOf` converts them to instants. cron-parser follows
 * the same rule for next times, but its previous time may be the second of two repeated times, it matches either day field where
 * both must match, and it rejects `15W`.
 *
 * @param expression validated by `scheduleProblem`
 */
export function createTimetable(expression: string, timezone: string): Timetable {
  const { fields } = validateDetailed(expression);
  if (fields === undefined) throw new TypeError(`Not a cron expression: ${expression}`);
  const timesOfDay = fields.hour
    .flatMap((hour) => fields.minute.map((minute) => (hour * 60 + minute) * 60_000))
    .sort((a, b) => a - b);
  const [firstTime = 0] = timesOfDay;
  const task = createTask(expression, () => undefined, { timezone: 'UTC' });
  // The task never starts. It is only used for matching dates, which works on a destroyed task.
  void task.destroy();
  const momentsOn = (day: WallTime) =>
    task.match(new Date(day + firstTime)) ? timesOfDay.map((time) => momentOf(day + time, timezone)) : [];

  /** The nearest time that satisfies `isWanted`, searching day by day. A daylight saving shift can move a time past midnight. */
  const search = (from: Date, step: 1 | -1, isWanted: (moment: number) => boolean): Date | undefined => {
    const wall = wallTimeAt(from.getTime(), timezone);
    const start = Math.floor(wall / dayMs) * dayMs - step * dayMs;
    const nearest = step === 1 ? Math.min : Math.max;
    for (let passed = 0; passed <= horizonDays; passed++) {
      const day = start + step * passed * dayMs;
      const wanted = momentsOn(day).filter(isWanted);
      if (wanted.length === 0) continue;
      return new Date([...wanted, ...momentsOn(day + step * dayMs).filter(isWanted)].reduce((a, b) => nearest(a, b)));
    }
    return undefined;
  };
  const next = (after: Date) => search(after, 1, (moment) => moment > after.getTime());
  return {
    next,
    upcoming(after, count) {
      const times: Date[] = [];
      for (let time = next(after); time !== undefined && times.length < count; time = next(time)) times.push(time);
      return times;
    },
    previous: (notAfter) => search(notAfter, -1, (moment) => moment <= notAfter.getTime()),
  };
}

/** What is wrong with a cron expression, worded to follow the name of its variable; undefined if it is valid. */
export function scheduleProblem(expression: string): string | undefined {
  const example = 'such as 0 2 * * * (daily at 2:00)';
  const fieldCount = expression.trim().split(/\s+/).length;
  if (fieldCount === 6) return `has a field for seconds: it must be a five-field cron expression, ${example}`;
  if (fieldCount !== 5 && !expression.startsWith('@')) {
    return `must be a five-field cron expression, ${example}, but has ${fieldCount} ${fieldCount === 1 ? 'field' : 'fields'}`;
  }
  const { valid, errors } = validateDetailed(expression);
  if (!valid) {
    const reasons = errors.map(({ message }) => message.replace('is a invalid', 'is an invalid'));
    return `must be a cron expression, ${example}: ${reasons.join(', ')}`;
  }
  if (createTimetable(expression, 'UTC').next(new Date()) === undefined) {
    return `never matches any date: it must be a cron expression, ${example}`;
  }
  return undefined;
}
