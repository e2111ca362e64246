import type { JobContext } from './job.js';

/** A day in UTC, `yyyy-MM-dd`: days compare as their texts do. */
export type Day = string;

/** The first day that windows reach back to: two digits of a year before 2000 would be read as one after it. */
export const firstDay: Day = '2000-01-01';

/** The day that a moment lies in. */
export function dayOf(date: Date): Day {
  return date.toISOString().slice(0, 10);
}

/** Today, as the run sees it. */
export function today({ now }: Pick<JobContext, 'now'>): Day {
  return dayOf(now?.() ?? new Date());
}

export function yearStart(year: number | string): Day {
  return `${year}-01-01`;
}

export function addDays(day: Day, days: number): Day {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return dayOf(date);
}

/** How many days lie between two; negative where the second is earlier. */
export function daysBetween(from: Day, to: Day): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000);
}

export function earlierOf(one: Day, other: Day): Day {
  return one < other ? one : other;
}

export function laterOf(one: Day, other: Day): Day {
  return one > other ? one : other;
}

/** The day that a person wrote; undefined for anything but a real day as `yyyy-MM-dd`. */
export function parseDay(text: string): Day | undefined {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return undefined;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && dayOf(date) === text ? text : undefined;
}
