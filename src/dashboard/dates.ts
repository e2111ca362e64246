const apiDate =
  /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)(?:T(?<onlyHour>\d\d)|[T ](?<hour>\d\d)(?<separator>[:-])(?<minute>\d\d)\k<separator>(?<second>\d\d)(?:\.(?<fraction>\d{1,9}))?(?<zone>Z|[+-]\d\d:?\d\d)?)?$/;

const earliestYear = 1990;
const latestYear = 2100;

/**
 * Parses a date in any of the Dashboard API's formats: `2014-11-21T14:00:33.836Z`, `2014-12-04T13:00:00Z`,
 * `2014-01-10T17-34-15Z`, `2014-01-10T17-34-15.797Z`, `2013-12-20T06`, `2014-03-25 12:55:11.0`, `2017-11-01 14:12:16`,
 * `2019-10-31T17:15:00+04:00`, `2015-06-15`. Without an offset it is UTC. Fractions are truncated to milliseconds.
 *
 * @returns undefined if the text has none of these formats, isn't a real date (`2014-02-30`), or is outside 1990-2100
 */
export function parseApiDate(text: string): Date | undefined {
  const parts = apiDate.exec(text.trim())?.groups;
  if (parts === undefined) {
    return undefined;
  }
  const year = Number(parts.year);
  const month = Number(parts.month);
  const day = Number(parts.day);
  const hour = Number(parts.hour ?? parts.onlyHour ?? 0);
  const minute = Number(parts.minute ?? 0);
  const second = Number(parts.second ?? 0);
  const millisecond = Number((parts.fraction ?? '').padEnd(3, '0').slice(0, 3));
  const offset = offsetMinutes(parts.zone ?? 'Z');
  if (year < earliestYear || year > latestYear || hour > 23 || minute > 59 || second > 59 || offset === undefined) {
    return undefined;
  }
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second, millisecond));
  // `Date.UTC` rolls a day that the month doesn't have over into the next month.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) {
    return undefined;
  }
  return new Date(date.getTime() - offset * 60_000);
}

/** Undefined for an offset that no time zone has. */
function offsetMinutes(zone: string): number | undefined {
  if (zone === 'Z') {
    return 0;
  }
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(-2));
  const total = hours * 60 + minutes;
  if (minutes > 59 || total > 14 * 60) {
    return undefined;
  }
  return zone.startsWith('-') ? -total : total;
}

// Every day but February 29, which `parseApiDate` checks.
const plainUtc = new RegExp(
  '^(?:199\\d|20\\d\\d)-' +
    '(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)' +
    'T(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,3})?Z$',
);

/**
 * Converts a date to ISO 8601 in UTC, the format written to the database. Nearly all dates already have it and are
 * returned as they are, because a run reads millions of them.
 */
export function toTimestamp(text: string): string | undefined {
  return plainUtc.test(text) ? text : parseApiDate(text)?.toISOString();
}
