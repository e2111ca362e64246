/** A UTC day, `yyyy-MM-dd`, so that days compare as strings. */
export type Day = string;

/** The earliest day of a date window. The API uses two-digit years, which can't represent years before 2000. */
export const firstDay: Day = '2000-01-01';

export function dayOf(date: Date): Day {
  return date.toISOString().slice(0, 10);
}

/** The API's clock, unless a test overrides it. */
export interface TimeSource {
  client: { now: () => Date };
  now?: () => Date;
}

/** The API's current time, which determines what a run reads. */
export function currentTime({ client, now = client.now }: TimeSource): Date {
  return now();
}

/** Today by the API's clock. */
export function today(context: TimeSource): Day {
  return dayOf(currentTime(context));
}

export function yearStart(year: number | string): Day {
  return `${year}-01-01`;
}

export function addDays(day: Day, days: number): Day {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return dayOf(date);
}

/** Days from `from` to `to`; negative if `to` is earlier. */
export function daysBetween(from: Day, to: Day): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000);
}

export function earlierOf(one: Day, other: Day): Day {
  return one < other ? one : other;
}

export function laterOf(one: Day, other: Day): Day {
  return one > other ? one : other;
}

/** Parses user input; undefined for anything but an existing day in the form `yyyy-MM-dd`. */
export function parseDay(text: string): Day | undefined {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return undefined;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && dayOf(date) === text ? text : undefined;
}

/** The first day of the month after the one of a day. */
export function nextMonth(day: Day): Day {
  // 31 days after the first of a month are in the next month, whatever its length.
  return `${addDays(`${day.slice(0, 7)}-01`, 31).slice(0, 7)}-01`;
}
