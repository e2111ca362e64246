/**
 * A local time, encoded as the milliseconds since the epoch of the same clock reading in UTC: 2:00 on a given day is the same
 * number in every zone.
 */
export type WallTime = number;

export const dayMs = 86_400_000;

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(timezone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(timezone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formatters.set(timezone, formatter);
  }
  return formatter;
}

/** The local time in the zone at an instant, to the second. */
export function wallTimeAt(moment: number, timezone: string): WallTime {
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const { type, value } of formatterOf(timezone).formatToParts(moment)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/**
 * The instant of a local time in the zone. A repeated time means the first occurrence; a skipped time is interpreted with the
 * offset before the change, as in Temporal ("compatible") and RFC 5545.
 */
export function momentOf(wall: WallTime, timezone: string): number {
  // No zone changes its offset twice within two days.
  const before = offsetAt(wall - dayMs, timezone);
  const after = offsetAt(wall + dayMs, timezone);
  const shown = [wall - before, wall - after].filter((moment) => wallTimeAt(moment, timezone) === wall);
  return shown.length > 0 ? Math.min(...shown) : wall - before;
}

/** The zone's UTC offset in milliseconds; `moment` must be a whole second. */
function offsetAt(moment: number, timezone: string): number {
  return wallTimeAt(moment, timezone) - moment;
}

/** `2026-11-22 02:00 EST (2026-11-22 07:00 UTC)`. */
export function formatInZone(moment: Date, timezone: string): string {
  const name = new Intl.DateTimeFormat('en-US', { timeZone: timezone, timeZoneName: 'short' })
    .formatToParts(moment)
    .find(({ type }) => type === 'timeZoneName')?.value;
  const wall = minutesOf(new Date(wallTimeAt(moment.getTime(), timezone)));
  return `${wall} ${name} (${minutesOf(moment)} UTC)`;
}

const minutesOf = (date: Date) => date.toISOString().slice(0, 16).replace('T', ' ');
