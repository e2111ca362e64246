/** How the cells of a workbook show dates: a date is stored as a count of days, and only its format says that it is one. */
export interface DateFormats {
  /** By the style index of a cell: whether its number is a date. */
  isDate: readonly boolean[];
  /** The workbook counts from 1904, as old ones of Excel for Macintosh do. */
  from1904: boolean;
}

/** Built-in formats of dates and times (ECMA-376 part 1, 18.8.30), including those of East Asian locales. */
const builtIn = [
  [14, 22],
  [27, 36],
  [45, 47],
  [50, 58],
] as const;

/** Whether a number format shows a date or a time. */
export function isDateFormat(id: number, code: string | undefined): boolean {
  if (code === undefined) return builtIn.some(([first, last]) => id >= first && id <= last);
  const [section = ''] = code.replace(/"[^"]*"|\\.|_.|\*./g, '').split(';');
  return /\[[hms]+\]/i.test(section) || /[ymdhs]/i.test(section.replace(/\[[^\]]*\]|general/gi, ''));
}

const dayMs = 86_400_000;
/** 9999-12-31, the last day that Excel shows. */
const lastDay = 2_958_465;

/**
 * Writes a count of days as a date (`2026-11-29`), a date with a time (`2026-11-29 14:30:00`), or a time (`14:30:00`).
 *
 * @returns undefined if it isn't a date that Excel shows
 */
export function dateText(days: number, from1904: boolean): string | undefined {
  if (!(days >= 0 && days <= lastDay)) return undefined;
  // Excel's calendar has a 29 February 1900: days before it are one off.
  const epoch = from1904 ? Date.UTC(1904, 0, 1) : Date.UTC(1899, 11, days < 60 ? 31 : 30);
  const seconds = Math.round((days * dayMs) / 1000);
  const [day = '', time = ''] = new Date(epoch + seconds * 1000).toISOString().slice(0, 19).split('T');
  if (days < 1 && !from1904) return time;
  return time === '00:00:00' ? day : `${day} ${time}`;
}
