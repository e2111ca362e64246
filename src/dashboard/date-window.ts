/** Days in UTC, `yyyy-MM-dd`, both inclusive. */
export interface DateWindow {
  from: string;
  to: string;
}

/** Date formats of a date filter. */
export const dateFormats = ['yyyy-MM-dd', 'yy-MM-dd'] as const;
export type DateFormat = (typeof dateFormats)[number];

/** A list that filters by date. */
interface DatedList {
  query: (account: string) => Record<string, string>;
  /** The filters that bound a window, and their date format. */
  window: { from: string; to: string; format: DateFormat };
}

/** A list restricted to a window and additional filters. */
export function withinWindow<T extends DatedList>(
  resource: T,
  window: DateWindow,
  filters: Readonly<Record<string, string>> = {},
): T {
  const bounds = windowBounds(resource, window);
  return { ...resource, query: (account: string) => ({ ...resource.query(account), ...bounds, ...filters }) };
}

/** The query parameters that restrict a list to a window. */
export function windowBounds({ window }: Pick<DatedList, 'window'>, { from, to }: DateWindow): Record<string, string> {
  const day = (date: string) => (window.format === 'yy-MM-dd' ? date.slice(2) : date);
  return { [window.from]: day(from), [window.to]: day(to) };
}
