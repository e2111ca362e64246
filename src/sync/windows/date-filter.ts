import {
  type DateFormat,
  type DateWindow,
  dateFormats,
  windowBounds,
  withinWindow,
} from '../../dashboard/date-window.js';
import { parseApiDate } from '../../dashboard/dates.js';
import { ApiError } from '../../dashboard/errors.js';
import { type Page, readFirstPage } from '../../dashboard/pager.js';
import { inTransaction } from '../../database/transaction.js';
import { addDays, type Day, dayOf, daysBetween, earlierOf, firstDay, laterOf, today } from '../../days.js';
import { LedgerError, messageOf } from '../../errors.js';
import type { JobContext } from '../../run/job.js';
import { forgetListing } from '../snapshot.js';
import type { WindowListing } from './listing.js';
import { deleteWatermark, readWatermark } from './watermark.js';

/** A list's date filter does not work in either format: it finds none of the list's entries, or doesn't filter at all. */
export class DateFilterError extends LedgerError {
  override readonly name = 'DateFilterError';
}

/** A listing whose resource sends days in the format that the API understands. */
export interface DatedListing {
  listing: WindowListing;
  /** An earlier run verified the format, so no request was made. */
  isRemembered: boolean;
  /** The list has no entries, with or without dates. */
  isEmpty: boolean;
  /** Earlier runs used a format that doesn't work, so the list is read again from its first entry. */
  isReread: boolean;
}

/** Before any Bandwidth account existed. If a filter for these days returns entries, it doesn't filter. */
const impossible: DateWindow = { from: firstDay, to: addDays(firstDay, 1) };
/** An entry's dates and the dates that a filter compares may be in different time zones. */
const toleranceDays = 3;

/**
 * Determines which date format a list's filter expects. With the wrong format the list would look empty, or hide all but the last
 * two years, and nothing in the response would indicate it.
 *
 * A format is verified if a range of days around an entry of the unfiltered list returns entries, and an impossible range does not
 * return the same. The documented format is tried first, then the other. The result is stored per account, list and API URL, so
 * that later runs make no request for it. An empty unfiltered list can't verify a format; that costs one request per run.
 *
 * @param isRejected the API rejected a stored format: try it again, then the other one
 * @throws DateFilterError if neither format works. Nothing was read or written.
 */
export async function findDateFormat(
  context: JobContext,
  listing: WindowListing,
  { isRejected = false } = {},
): Promise<DatedListing> {
  const { database } = context;
  const known = await readFormat(context, listing.name);
  const format = known?.format ?? listing.resource.window.format;
  if (known?.isProved && known.apiUrl === context.client.apiUrl && !isRejected)
    return dated(listing, format, { isRemembered: true });
  const unfiltered = await probe(context, listing, undefined);
  const isEmpty = !showsEntries(unfiltered);
  const mark = await readWatermark(database.pool, context, listing.name);
  if (isEmpty && mark !== undefined && !isRejected) return dated(listing, format, { isEmpty });
  const attempts: Attempt[] = [];
  for (const each of [format, ...dateFormats.filter((other) => other !== format)]) {
    const attempt = await tryFormat(context, dated(listing, each).listing, unfiltered);
    if (attempt.result === 'works') {
      // A format that was never verified may have returned nothing, or only the last two years.
      const isReread = each !== format && mark !== undefined && known?.isProved !== true;
      await storeFormat(context, listing, each, { isProved: true, isReread });
      return dated(listing, each, { isReread });
    }
    attempts.push(attempt);
  }
  const usable = attempts.find(({ result }) => result === 'shows nothing');
  if (!isEmpty || usable === undefined) throw filterError(context, listing, attempts, isEmpty);
  if (usable.format !== format)
    await storeFormat(context, listing, usable.format, { isProved: false, isReread: false });
  return dated(listing, usable.format, { isEmpty });
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

interface Attempt {
  result: 'works' | 'shows nothing' | 'is refused' | 'is ignored';
  format: DateFormat;
  /** The requested ranges and the result, for the error message. */
  description: string;
}

async function tryFormat(context: JobContext, listing: WindowListing, unfiltered: Page): Promise<Attempt> {
  const { format } = listing.resource.window;
  const asked: string[] = [];
  const done = (result: Attempt['result'], window: DateWindow, outcome: string): Attempt => ({
    result,
    format,
    description: `${[...asked, describeBounds(listing, window)].join(' and with ')} (${format}) ${outcome}`,
  });
  const [first, ...more] = testWindows(context, listing, unfiltered) as [DateWindow, ...DateWindow[]];
  let page: Page;
  try {
    page = await probe(context, listing, first);
  } catch (error) {
    // The API accepted the same request without dates.
    if (!(error instanceof ApiError)) throw error;
    return done('is refused', first, `it is rejected: ${messageOf(error)}`);
  }
  let window = first;
  for (const next of more) {
    if (showsEntries(page)) break;
    const longer = await probeIfAccepted(context, listing, next);
    if (longer === undefined) break;
    asked.push(describeBounds(listing, window));
    [page, window] = [longer, next];
  }
  if (!showsEntries(page)) return done('shows nothing', window, 'it returns none');
  const early = await probeIfAccepted(context, listing, impossible);
  if (early !== undefined && showsAnyway(listing, early, unfiltered)) {
    return done('is ignored', impossible, 'it returns them anyway');
  }
  return done('works', window, 'it returns entries');
}

/** Returns undefined if the API rejects the range, which means that it evaluates the filter. */
async function probeIfAccepted(
  context: JobContext,
  listing: WindowListing,
  window: DateWindow,
): Promise<Page | undefined> {
  try {
    return await probe(context, listing, window);
  } catch (error) {
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}

/**
 * Ranges that include an entry of the unfiltered list, whichever of its dates the filter compares: from the older date to today, or
 * all days if the creation date is unknown. A recent entry may need a range that ends tomorrow, because the API may exclude the
 * last day.
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

/** Whether the impossible range returned entries that can't be in it. */
function showsAnyway(listing: WindowListing, early: Page, unfiltered: Page): boolean {
  const [entry] = entriesOf(early);
  if (entry === undefined) return false;
  const created = dayIn(listing, entry, 'OrderDate');
  if (created !== undefined) return created > addDays(impossible.to, toleranceDays);
  // Two days in 2000 never have half as many entries as two years.
  return 2 * sizeOf(early) >= sizeOf(unfiltered);
}

type Entry = Page['items'][number];

function entriesOf({ items, withoutKey }: Page): Entry[] {
  return [...items, ...withoutKey];
}

/** Whether the page has entries, or its TotalCount says so. */
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

/** Reads one small page of the list, unfiltered if there is no window. */
async function probe(context: JobContext, listing: WindowListing, window: DateWindow | undefined): Promise<Page> {
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

function filterError(
  { account }: JobContext,
  { title }: WindowListing,
  attempts: readonly Attempt[],
  isEmpty: boolean,
): Error {
  return new DateFilterError(
    `The date filter of the list of ${title} of account ${account} does not work: without it the list returns ${isEmpty ? 'nothing' : 'entries'}; ` +
      `with ${attempts.map(({ description }) => description).join('; with ')}. Nothing was read, and the watermark was not moved.`,
    { hint: 'Report these requests to Bandwidth. The next run tries both formats again.' },
  );
}

/** The date format that earlier runs found for a list; undefined: none. */
export async function readFormat(
  { account, database }: Pick<JobContext, 'account' | 'database'>,
  listing: string,
): Promise<{ format: DateFormat; isProved: boolean; apiUrl: string } | undefined> {
  const { rows } = await database.pool.query(
    `select date_format as format, proved_at is not null as "isProved", api_url as "apiUrl" from sync_date_filters
      where account_id = $1 and listing = $2`,
    [account, listing],
  );
  return rows[0];
}

async function storeFormat(
  context: JobContext,
  listing: WindowListing,
  format: DateFormat,
  { isProved, isReread }: { isProved: boolean; isReread: boolean },
): Promise<void> {
  const { account, client, database, run } = context;
  await inTransaction(database, { repeatable: true }, async (tx) => {
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
    `${listing.title}: the API expects this list's dates as ${format}, not as ${documented} as documented. They are sent that way from now on.` +
      (isReread
        ? ' The list is read again from its first entry, because earlier runs used the documented format.'
        : ''),
  );
}
