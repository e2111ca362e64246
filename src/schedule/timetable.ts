import { createTask, validateDetailed } from 'node-cron';
import { dayMs, momentOf, type WallTime, wallTimeAt } from './wall-clock.js';

/** When the nights of a schedule are due. */
export interface Timetable {
  /** The first time after the moment; undefined where none comes in fifty years. */
  next(after: Date): Date | undefined;
  /** The next so many times. */
  upcoming(after: Date, count: number): Date[];
  /** The last time that is not after the moment; undefined where none was in fifty years. */
  previous(notAfter: Date): Date | undefined;
}

/** A leap day may be forty years from the next that falls on the same weekday. */
const horizonDays = 50 * 366;

/**
 * The times of a cron expression in a zone, each date's once: a time that clocks show twice when they are put back counts the first
 * time; one that they skip when they are put forward comes as much later as they were moved.
 *
 * node-cron by itself looks for moments at which clocks show the time, and so leaves out the night on which they never do. It says
 * here which dates and times the expression means; where those are in time, `momentOf` says.
 *
 * @param expression one in which `scheduleProblem` finds nothing wrong
 */
export function createTimetable(expression: string, timezone: string): Timetable {
  const { fields } = validateDetailed(expression);
  if (fields === undefined) throw new TypeError(`Not a cron expression: ${expression}`);
  const timesOfDay = fields.hour
    .flatMap((hour) => fields.minute.map((minute) => (hour * 60 + minute) * 60_000))
    .sort((a, b) => a - b);
  const [firstTime = 0] = timesOfDay;
  const task = createTask(expression, () => undefined, { timezone: 'UTC' });
  // It is never started, and asked for nothing but whether a date matches, which a destroyed task answers too.
  void task.destroy();
  const momentsOn = (day: WallTime) =>
    task.match(new Date(day + firstTime)) ? timesOfDay.map((time) => momentOf(day + time, timezone)) : [];

  /** The best of the times for which `isWanted`, going by days from the moment's; a moved clock may carry one over midnight. */
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

/** What keeps an expression from being a schedule of nights, to be read after its name; undefined where nothing does. */
export function scheduleProblem(expression: string): string | undefined {
  const example = 'such as 0 2 * * * (every night at 2:00)';
  const fieldCount = expression.trim().split(/\s+/).length;
  if (fieldCount === 6) return `has a field for seconds: it must be a cron expression of five fields, ${example}`;
  if (fieldCount !== 5 && !expression.startsWith('@')) {
    return `must be a cron expression of five fields, ${example}, and has ${fieldCount}`;
  }
  const { valid, errors } = validateDetailed(expression);
  if (!valid) {
    const reasons = errors.map(({ message }) => message.replace('is a invalid', 'is an invalid'));
    return `must be a cron expression, ${example}: ${reasons.join(', ')}`;
  }
  if (createTimetable(expression, 'UTC').next(new Date()) === undefined) {
    return `names a day that never comes: it must be a cron expression, ${example}`;
  }
  return undefined;
}
