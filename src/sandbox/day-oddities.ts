import type { Oddities } from './oddities.js';
import type { DayForm } from './route.js';

const dayParameters = new Set([
  ...['startdate', 'enddate', 'date', 'orderDate', 'lastModifiedAfter'],
  ...['modifiedDateFrom', 'modifiedDateTo', 'createdDateFrom', 'createdDateTo'],
]);

/** A day with no data. */
const never = '2099-12-31';

/**
 * Rewrites date parameters as a resource with date oddities understands them. Days in the format it does not accept
 * become a day that matches nothing, an invalid value (400), or are removed. Days in the format it does accept become
 * days in the documented format.
 */
export function readDays(
  query: Record<string, string>,
  documented: Exclude<DayForm, 'either'>,
  oddities: Oddities,
): Record<string, string> {
  const write = (day: string) => (documented === 'yy-MM-dd' ? day.slice(2) : day);
  const swaps = oddities['date-form-swapped'] || oddities['date-form-refused'] || oddities['date-form-ignored'];
  if (!swaps && !oddities['dates-ignored'] && !oddities['dates-dead']) return query;
  return Object.fromEntries(
    Object.entries(query).flatMap(([name, value]): [string, string][] => {
      if (!dayParameters.has(name)) return [[name, value]];
      if (oddities['dates-ignored']) return [];
      if (oddities['dates-dead']) return [[name, write(never)]];
      const isShort = /^\d\d-/.test(value);
      if (isShort !== (documented === 'yy-MM-dd')) return [[name, write(isShort ? `20${value}` : value)]];
      if (oddities['date-form-refused']) return [[name, `not ${value}`]];
      return oddities['date-form-swapped'] ? [[name, write(never)]] : [];
    }),
  );
}
