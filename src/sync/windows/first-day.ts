import { withinWindow } from '../../dashboard/order-resources.js';
import { readFirstPage } from '../../dashboard/pager.js';
import { addDays, type Day, firstDay, today, yearStart } from '../days.js';
import type { JobContext } from '../job.js';
import type { WindowListing } from './listing.js';

/** So many years in a row without an entry are taken for the time before the account, if nothing lies before them either. */
const emptyYears = 3;

/**
 * The first day to read of a listing that was never read: 1 January of the earliest year that shows entries.
 *
 * Years are asked for one by one, backwards from this one, because without dates the API tells of the last two years only. After
 * three empty years one request asks for all that lies before them, back to 2000: where that is empty too, the account has no
 * more; else the search goes on, year by year. So an account that did nothing for a decade is read whole, too.
 */
export async function findFirstDay(context: JobContext, listing: WindowListing): Promise<Day> {
  const thisYear = Number(today(context).slice(0, 4));
  let earliest = thisYear;
  let empty = 0;
  for (let year = thisYear; yearStart(year) >= firstDay; year -= 1) {
    if (await hasEntries(context, listing, yearStart(year), addDays(yearStart(year + 1), -1))) {
      earliest = year;
      empty = 0;
      continue;
    }
    empty += 1;
    if (empty < emptyYears) continue;
    if (!(await hasEntries(context, listing, firstDay, addDays(yearStart(year), -1)))) break;
    empty = 0;
  }
  context.log.info(`${listing.title} of account ${context.account}: the first ones are of ${earliest}`);
  return yearStart(earliest);
}

async function hasEntries(context: JobContext, listing: WindowListing, from: Day, to: Day): Promise<boolean> {
  if (to < from) return false;
  const { account, client, log, signal, run } = context;
  const last = to > today(context) ? today(context) : to;
  const resource = withinWindow(listing.resource, { from, to: last });
  const page = await readFirstPage({ client, resource, account, pageSize: 1, signal, log });
  run.add({ pages: 1 });
  return page.items.length + page.withoutKey.length > 0 || (page.totalCount ?? 0) > 0;
}
