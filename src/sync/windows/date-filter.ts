import { parseApiDate } from '../../dashboard/dates.js';
import { ApiError } from '../../dashboard/errors.js';
import {
  type DateFormat,
  type DateWindow,
  dateFormats,
  windowBounds,
  withinWindow,
} from '../../dashboard/order-resources.js';
import { type Page, readFirstPage } from '../../dashboard/pager.js';
import { LedgerError, messageOf } from '../../errors.js';
import { addDays, type Day, dayOf, daysBetween, earlierOf, firstDay, laterOf, today } from '../days.js';
import type { JobContext } from '../job.js';
import { forgetListing } from '../snapshot.js';
import { inTransaction } from '../transaction.js';
import type { WindowListing } from './listing.js';
import { deleteWatermark, readWatermark } from './watermark.js';

/** A list shows entries, and its date filter finds none of them in either format, or does not filter at all. */
export class DateFilterError extends LedgerError {
  override readonly name = 'DateFilterError';
}

/** A listing whose resource writes days in the format that the API reads. */
export interface DatedListing {
  listing: WindowListing;
  /** The format was proved by an earlier run, and nothing was asked. */
  isRemembered: boolean;
  /** Neither the list without dates nor any range of days shows an entry. */
  isEmpty: boolean;
  /** What earlier runs read in another format does not count: the list is read from its first entry. */
  isReread: boolean;
}

/** Before any account at Bandwidth: what a filter shows of these days was not filtered. */
const impossible: DateWindow = { from: firstDay, to: addDays(firstDay, 1) };
/** An entry's own dates and those that a filter looks at may be of different time zones. */
const toleranceDays = 3;

/**
 * Finds out in which format the API reads the days of a list's date filter. A filter that means something else would make the
 * list look empty, or hide all but the last two years, and nothing else in the answers would tell.
 *
 * The format is proved when a range of days around an entry of the unfiltered list shows entries, and an impossible range does
 * not show the same. The documented format is tried first, then the other; the proof is kept for the account, list and address
 * of the API, and later runs ask nothing. While the unfiltered list is empty there is nothing to prove it by: that costs one request a run.
 *
 * @param isRejected the API refused a remembered format: it is tried again, and the other one after it
 * @throws DateFilterError if neither format works. Nothing was read or written then.
 */
export async function findDateFormat(
  context: JobContext,
  listing: WindowListing,
  { isRejected = false } = {},
): Promise<DatedListing> {
  const { account, database } = context;
  const known = await readFormat(context, listing);
  const format = known?.format ?? listing.resource.window.format;
  if (known?.isProved && known.apiUrl === context.client.apiUrl && !isRejected)
    return dated(listing, format, { isRemembered: true });
  const unfiltered = await ask(context, listing, undefined);
  const isEmpty = !showsEntries(unfiltered);
  const mark = await readWatermark(database.pool, account, listing.name);
  if (isEmpty && mark !== undefined && !isRejected) return dated(listing, format, { isEmpty });
  const tries: Try[] = [];
  for (const each of [format, ...dateFormats.filter((other) => other !== format)]) {
    const tried = await tryFormat(context, dated(listing, each).listing, unfiltered);
    if (tried.result === 'works') {
      // A format that was never proved may have shown nothing, or the last two years only.
      const isReread = each !== format && mark !== undefined && known?.isProved !== true;
      await keep(context, listing, each, { isProved: true, isReread });
      return dated(listing, each, { isReread });
    }
    tries.push(tried);
  }
  const usable = tries.find(({ result }) => result === 'shows nothing');
  if (!isEmpty || usable === undefined) throw unusable(context, listing, tries, isEmpty);
  if (usable.format !== format) await keep(context, listing, usable.format, { isProved: false, isReread: false });
  return dated(listing, usable.format, { isEmpty });
}

/** Whether an error may mean that the API does not take the format of the days. */
export function mayBeRejectedFormat(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 400 || error.status === 404);
}

function dated(listing: WindowListing, format: DateFormat, facts: Partial<DatedListing> = {}): DatedListing {
  const { resource } = listing;
  const window = { ...resource.window, format };
  return {
    isRemembered: false,
    isEmpty: false,
    isReread: false,
    ...facts,
    listing: { ...listing, resource: { ...resource, window } },
  };
}

interface Try {
  result: 'works' | 'shows nothing' | 'is refused' | 'is ignored';
  format: DateFormat;
  /** What was asked, and what came of it, for the message. */
  account: string;
}

async function tryFormat(context: JobContext, listing: WindowListing, unfiltered: Page): Promise<Try> {
  const { format } = listing.resource.window;
  const asked: string[] = [];
  const done = (result: Try['result'], window: DateWindow, outcome: string): Try => ({
    result,
    format,
    account: `${[...asked, describeBounds(listing, window)].join(' and with ')} (${format}) ${outcome}`,
  });
  const [first, ...more] = testWindows(context, listing, unfiltered) as [DateWindow, ...DateWindow[]];
  let page: Page;
  try {
    page = await ask(context, listing, first);
  } catch (error) {
    // The same list without dates was not refused.
    if (!(error instanceof ApiError)) throw error;
    return done('is refused', first, `it is refused: ${messageOf(error)}`);
  }
  let window = first;
  for (const next of more) {
    if (showsEntries(page)) break;
    const longer = await askIfTaken(context, listing, next);
    if (longer === undefined) break;
    asked.push(describeBounds(listing, window));
    [page, window] = [longer, next];
  }
  if (!showsEntries(page)) return done('shows nothing', window, 'it shows none');
  const early = await askIfTaken(context, listing, impossible);
  if (early !== undefined && showsAnyway(listing, early, unfiltered)) {
    return done('is ignored', impossible, 'it shows them anyway');
  }
  return done('works', window, 'it shows entries');
}

/** Undefined where the API refuses the range: then it reads the filter. */
async function askIfTaken(context: JobContext, listing: WindowListing, window: DateWindow): Promise<Page | undefined> {
  try {
    return await ask(context, listing, window);
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}

/**
 * Ranges that show an entry of the unfiltered list whichever of its dates the filter looks at: from the older one to today, or all
 * days where no date of creation is known. An entry that may be of these days may need a range that ends tomorrow: the API may
 * not count the last day in.
 */
function testWindows(context: JobContext, listing: WindowListing, unfiltered: Page): DateWindow[] {
  const now = today(context);
  if (!showsEntries(unfiltered)) return [{ from: firstDay, to: now }];
  const [entry] = entriesOf(unfiltered);
  const created = entry && dayIn(listing, entry, 'OrderDate');
  const changed = entry && dayIn(listing, entry, 'lastModifiedDate');
  const oldest = created === undefined ? firstDay : addDays(earlierOf(created, changed ?? created), -toleranceDays);
  const from = laterOf(firstDay, earlierOf(oldest, now));
  const isOld = created !== undefined && changed !== undefined && daysBetween(laterOf(created, changed), now) > 1;
  return [{ from, to: now }, ...(isOld ? [] : [{ from, to: addDays(now, 1) }])];
}

/** Whether the impossible days show entries that cannot be of those days. */
function showsAnyway(listing: WindowListing, early: Page, unfiltered: Page): boolean {
  const [entry] = entriesOf(early);
  if (entry === undefined) return false;
  const created = dayIn(listing, entry, 'OrderDate');
  if (created !== undefined) return created > addDays(impossible.to, toleranceDays);
  // Two days of 2000 never hold as much as two years do.
  return 2 * sizeOf(early) >= sizeOf(unfiltered);
}

type Entry = Page['items'][number];

function entriesOf({ items, withoutKey }: Page): Entry[] {
  return [...items, ...withoutKey];
}

/** Entries shown, or counted. */
function showsEntries(page: Page): boolean {
  return sizeOf(page) > 0;
}

function sizeOf(page: Page): number {
  return Math.max(page.totalCount ?? 0, entriesOf(page).length);
}

function dayIn({ resource }: WindowListing, entry: Entry, field: string): Day | undefined {
  const date = parseApiDate(entry.values[resource.fields.indexOf(field)] ?? '');
  return date && dayOf(date);
}

/** As little of the list as it gives, unfiltered without a window. */
async function ask(context: JobContext, listing: WindowListing, window: DateWindow | undefined): Promise<Page> {
  const { account, client, signal, run } = context;
  const resource = window === undefined ? listing.resource : withinWindow(listing.resource, window);
  const page = await readFirstPage({ client, resource, account, pageSize: 1, signal });
  run.add({ pages: 1 });
  return page;
}

function describeBounds({ resource }: WindowListing, window: DateWindow): string {
  return Object.entries(windowBounds(resource, window))
    .map(([name, day]) => `${name}=${day}`)
    .join('&');
}

function unusable({ account }: JobContext, { title }: WindowListing, tries: readonly Try[], isEmpty: boolean): Error {
  return new DateFilterError(
    `The date filter of the list of ${title} of account ${account} does not work: without it the list shows ${isEmpty ? 'nothing' : 'entries'}; ` +
      `with ${tries.map((each) => each.account).join('; with ')}. Nothing was read, and the watermark was not moved.`,
    { hint: 'Show Bandwidth these requests. The next run tries both formats again.' },
  );
}

async function readFormat(
  { account, database }: JobContext,
  listing: WindowListing,
): Promise<{ format: DateFormat; isProved: boolean; apiUrl: string } | undefined> {
  const { rows } = await database.pool.query(
    `select date_format as format, proved_at is not null as "isProved", api_url as "apiUrl" from sync_date_filters
      where account_id = $1 and listing = $2`,
    [account, listing.name],
  );
  return rows[0];
}

async function keep(
  context: JobContext,
  listing: WindowListing,
  format: DateFormat,
  { isProved, isReread }: { isProved: boolean; isReread: boolean },
): Promise<void> {
  const { account, client, database, run } = context;
  await inTransaction(database, {}, async (tx) => {
    await tx.query(
      `insert into sync_date_filters (account_id, listing, date_format, api_url, proved_at)
       values ($1, $2, $3, $4, case when $5 then clock_timestamp() end)
       on conflict (account_id, listing) do update set
         date_format = excluded.date_format, api_url = excluded.api_url, proved_at = excluded.proved_at,
         updated_at = clock_timestamp()`,
      [account, listing.name, format, client.apiUrl, isProved],
    );
    if (!isReread) return;
    await deleteWatermark(tx, account, listing.name);
    await forgetListing(tx, context, listing);
  });
  const documented = listing.resource.window.format;
  if (format === documented) return;
  run.warn(
    `${listing.title}: the API reads the days of this list as ${format}, not as ${documented} as documented; they are sent that way from now on.` +
      (isReread ? ' The list is read from its first entry: what was read before does not count.' : ''),
  );
}
