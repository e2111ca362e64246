import { withinWindow } from '../../dashboard/date-window.js';
import { readFirstPage } from '../../dashboard/pager.js';
import { addDays, type Day, firstDay, today, yearStart } from '../../days.js';
import type { JobContext } from '../../run/job.js';
import type { WindowListing } from './listing.js';

/** After this many empty years in a row, one request checks whether there is anything earlier. */
const emptyYears = 3;

/**
 * Returns the first day to read of a listing that was never read: January 1 of the earliest year with entries.
 *
 * It requests year by year, backward from this one, because without dates the API returns only the last two years. After three
 * empty years, one request covers everything before them, back to 2000. If that is empty too, the search ends; otherwise it
 * continues year by year. So an account with a decade of inactivity is read completely.
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
  context.log.info(`${listing.title} of account ${context.account}: the earliest entries are from ${earliest}`);
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
