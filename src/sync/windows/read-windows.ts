import { type DateWindow, withinWindow } from '../../dashboard/date-window.js';
import { isUnknownOrMalformed } from '../../dashboard/errors.js';
import { readTotal } from '../../dashboard/pager.js';
import { inTransaction } from '../../database/transaction.js';
import { addDays, type Day, daysBetween, earlierOf, firstDay, laterOf, today, yearStart } from '../../days.js';
import { LedgerError } from '../../errors.js';
import type { JobContext } from '../../run/job.js';
import { type Cursor, readCursor } from '../cursor.js';
import {
  discardSnapshot,
  dropRepeatedRows,
  forgetListing,
  type ReadListing,
  readSnapshot,
  type SnapshotListing,
  stagingOf,
  usableCursor,
} from '../snapshot.js';
import { collectWarnings, type ValueWarnings } from '../value-warnings.js';
import { IncompleteListingError } from '../verify-inservice.js';
import { type DatedListing, findDateFormat } from './date-filter.js';
import { findFirstDay } from './first-day.js';
import type { WindowListing } from './listing.js';
import {
  advanceWatermark,
  deleteWatermark,
  readWatermark,
  type StoredWatermark,
  setWatermark,
  type Watermark,
} from './watermark.js';

/** A window of an unpaged list reaches the API's result limit and cannot be split any further. */
export class ResultLimitError extends LedgerError {
  override readonly name = 'ResultLimitError';
}

/** How many days each run reads again: entries may appear late, or with a date some hours off. */
export const overlapDays = 3;
/** A quiet run takes one request per list. A first run that is stopped for long loses at most a year's reading. */
export const longestWindowDays = 366;
const maxReadings = 3;

/**
 * Reads a listing from three days before its watermark to today, in windows of at most a year. Each window is verified complete,
 * then applied in the transaction that moves the watermark. A stopped run resumes after its last committed page. Adjacent windows
 * share a day, so that nothing is lost if the API excludes the last day.
 *
 * @throws IncompleteListingError if a window still has fewer entries than the API's count after all retries. ResultLimitError if a
 * window can't be split enough. Earlier windows stay applied, and the next run begins with the failed one. DateFilterError if the
 * API does not understand the dates.
 */
export async function readWindows(context: JobContext, listing: WindowListing): Promise<void> {
  const dated = await findDateFormat(context, listing);
  try {
    await readAll(context, dated);
  } catch (error) {
    // The API may no longer accept the stored date format.
    if (!dated.isRemembered || !isUnknownOrMalformed(error)) throw error;
    const again = await findDateFormat(context, listing, { isRejected: true });
    if (again.listing.resource.window.format === dated.listing.resource.window.format) throw error;
    await readAll(context, again);
  }
}

async function readAll(context: JobContext, dated: DatedListing): Promise<void> {
  const { run } = context;
  const { listing } = dated;
  const warnings = collectWarnings();
  try {
    const last = today(context);
    let window = await firstWindow(context, dated, last);
    for (;;) {
      await readWindow(context, listing, { window, filters: {}, readTo: earlierOf(window.to, last) }, warnings);
      if (window.to >= last) break;
      window = windowFrom(window.to, last);
    }
  } finally {
    for (const sentence of warnings.sentences()) run.warn(`${listing.title}: ${sentence}`);
  }
}

function windowFrom(from: Day, last: Day): DateWindow {
  return { from, to: earlierOf(addDays(from, longestWindowDays), laterOf(from, last)) };
}

/** The first window: the one a stopped run left unfinished, if everything before it was read; otherwise the one at the watermark. */
async function firstWindow(context: JobContext, dated: DatedListing, last: Day): Promise<DateWindow> {
  const { account, database, log } = context;
  const { listing } = dated;
  const { from, readTo } = await startingPoint(context, dated);
  const left = await readCursor(database.pool, account, listing.name);
  if (left !== undefined) {
    const { window } = left;
    const resumes =
      window !== undefined &&
      window.from <= readTo &&
      listing.resource.resultLimit === undefined &&
      (await usableCursor(context, snapshotOf(listing, window))) !== undefined;
    if (resumes) return window;
    await discardSnapshot(context, snapshotOf(listing, { from, to: last }));
  }
  log.info(`${listing.title} of account ${account}: reading from ${from}`);
  return windowFrom(from, last);
}

/** `from`: the first day to read. `readTo`: the day up to which everything was read. */
async function startingPoint(
  context: JobContext,
  { listing, isEmpty, isReread }: DatedListing,
): Promise<{ from: Day; readTo: Day }> {
  const { account, database, options } = context;
  const stored = await readWatermark(database.pool, context, listing.name);
  const mark = stored && (await correctWatermark(context, listing, stored));
  if (mark === undefined) {
    const asked = isReread ? undefined : options.since;
    const since = asked ?? (isEmpty ? yearStart(today(context).slice(0, 4)) : await findFirstDay(context, listing));
    return restart(context, listing, { since, readTo: since });
  }
  const since = options.since ?? (options.full ? laterOf(mark.since, firstDay) : undefined);
  if (since === undefined) {
    return { from: laterOf(mark.since, addDays(mark.readTo, -overlapDays)), readTo: mark.readTo };
  }
  if (since <= mark.readTo) return restart(context, listing, { since: earlierOf(since, mark.since), readTo: since });
  context.run.warn(
    `${listing.title}: the days from ${mark.readTo} to ${since} were never read and are skipped now. To read them: \`tn-ledger run ${context.job} --account ${account} --since ${mark.readTo}\`.`,
  );
  return restart(context, listing, { since, readTo: since });
}

/**
 * Corrects a watermark later than the day on which it was moved. A run whose clock was ahead set it, and nothing after the day of
 * the move was read, even if the watermark is in the past by now. It is moved back to that day, or to today if the clock that dated
 * the move was ahead too. If even its first day is later, it is deleted.
 *
 * @returns undefined if the listing counts as never read
 */
async function correctWatermark(
  context: JobContext,
  listing: WindowListing,
  mark: StoredWatermark,
): Promise<Watermark | undefined> {
  const { account, database, job, run } = context;
  const readTo = earlierOf(mark.movedOn, today(context));
  if (mark.readTo <= readTo) return mark;
  const finding = `${listing.title}: marked as read up to ${mark.readTo}, which was in the future: an earlier run's clock was ahead.`;
  if (mark.since > readTo) {
    run.warn(`${finding} It now counts as never read.`);
    await inTransaction(database, { repeatable: true }, (client) => deleteWatermark(client, account, listing.name));
    return undefined;
  }
  const advice =
    mark.movedOn <= readTo
      ? ''
      : ` If that run was more than three days ago, read the days since then again: tn-ledger run ${job} --account ${account} --since DATE`;
  run.warn(`${finding} It now counts as read up to ${readTo}.${advice}`);
  await setWatermark(database, account, listing.name, { since: mark.since, readTo });
  return { since: mark.since, readTo };
}

/** Marks the days after `readTo` as unread, so that the next run continues if this one is stopped. */
async function restart(
  { account, database }: JobContext,
  listing: WindowListing,
  mark: Watermark,
): Promise<{ from: Day; readTo: Day }> {
  await setWatermark(database, account, listing.name, mark);
  return { from: mark.readTo, readTo: mark.readTo };
}

/** A window, or a part of one, and the day that the watermark moves to when it is applied, if any. */
interface Part {
  window: DateWindow;
  filters: Readonly<Record<string, string>>;
  readTo: Day | undefined;
}

function snapshotOf(listing: WindowListing, window: DateWindow, filters?: Part['filters']): SnapshotListing {
  const { resource, ...rest } = listing;
  return { ...rest, resource: withinWindow(resource, window, filters), window };
}

async function readWindow(
  context: JobContext,
  listing: WindowListing,
  part: Part,
  warnings: ValueWarnings,
): Promise<void> {
  const snapshot = snapshotOf(listing, part.window, part.filters);
  let shortage = '';
  for (let reading = 1; reading <= maxReadings; reading += 1) {
    const before = context.run.counts.rowsRead;
    const run = { ...context.run, expect: (rows: number) => context.run.expect(before + rows) };
    const cursor = await readSnapshot({ ...context, run }, snapshot, warnings);
    if (reachesLimit(listing, cursor)) {
      await discardSnapshot(context, snapshot);
      for (const smaller of split(context, listing, part)) await readWindow(context, listing, smaller, warnings);
      return;
    }
    const missing = await findShortage(context, snapshot, cursor);
    if (missing === undefined) return applyPart(context, listing, part);
    shortage = missing;
    await discardSnapshot(context, snapshot);
    context.log.info(`${describe(context, listing, part)}: ${shortage} (reading ${reading} of ${maxReadings})`);
  }
  throw new IncompleteListingError(
    `${describe(context, listing, part)}, is not complete: after ${maxReadings} readings, ${shortage}. None of it was written, ` +
      'and its days count as unread.',
    { hint: 'Run it again. If the figures stay the same, report them to Bandwidth.' },
  );
}

function describe({ account }: JobContext, listing: WindowListing, { window, filters }: Part): string {
  const narrowed = Object.entries(filters).map(([name, value]) => `, ${name} ${value}`);
  return `The list of ${listing.title} of account ${account} from ${window.from} to ${window.to}${narrowed.join('')}`;
}

/** Returns undefined if the window has as many distinct entries as the API's count; otherwise the difference in words. */
async function findShortage(
  context: JobContext,
  snapshot: SnapshotListing,
  cursor: ReadListing,
): Promise<string | undefined> {
  const { account, client, signal } = context;
  const named = await dropRepeatedRows(context, snapshot, cursor);
  // A single page came with its total in the same response; asking …/totals again would prove nothing more.
  const asksTotal =
    snapshot.resource.totals !== undefined && (cursor.pagesRead.length > 1 || cursor.lastTotalCount === undefined);
  const total = asksTotal ? await readTotal(client, snapshot.resource, account, signal) : cursor.lastTotalCount;
  const { lastTotalCount = total } = cursor;
  // Entries without a key may be duplicates of others.
  const holds = (count: number | undefined) =>
    count === undefined || (named <= count && count <= named + cursor.rowsLeftOut);
  if (holds(total) && holds(lastTotalCount)) return undefined;
  const pages = cursor.pagesRead.length === 1 ? 'its page' : `its ${cursor.pagesRead.length} pages`;
  return `TotalCount is ${lastTotalCount}${asksTotal ? `, …/totals ${total}` : ''}, but ${pages} listed ${named} distinct ones`;
}

function reachesLimit({ resource: { resultLimit } }: WindowListing, cursor: Cursor): boolean {
  return resultLimit !== undefined && cursor.rowsStaged + cursor.rowsLeftOut >= resultLimit;
}

/** Splits a window at the result limit: into two halves, or for a single day by action, then by status. */
function split(context: JobContext, listing: WindowListing, part: Part): Part[] {
  const { window, filters, readTo } = part;
  const days = daysBetween(window.from, window.to);
  if (days > 0) {
    const middle = addDays(window.from, Math.floor((days - 1) / 2));
    const halves = [
      { from: window.from, to: middle },
      { from: addDays(middle, 1), to: window.to },
    ];
    return halves.map((half) => ({ window: half, filters, readTo: half.to }));
  }
  const next = listing.resource.splits?.find(({ parameter }) => !Object.hasOwn(filters, parameter));
  if (next !== undefined) {
    return next.values.map((value, index) => ({
      window,
      filters: { ...filters, [next.parameter]: value },
      readTo: index === next.values.length - 1 ? readTo : undefined,
    }));
  }
  throw new ResultLimitError(
    `${describe(context, listing, part)}, reaches the API's result limit of ${listing.resource.resultLimit} orders, and the request cannot be ` +
      'split further. None of it was written, and its day counts as unread.',
    {
      hint: `Ask Bandwidth for the orders of that day. To skip it: \`tn-ledger run ${context.job} --account ${context.account} --since ${addDays(window.to, 1)}\`.`,
    },
  );
}

/** Applies the staged rows in the transaction that moves the watermark and drops the staging table. */
async function applyPart(context: JobContext, listing: WindowListing, part: Part): Promise<void> {
  const { account, database, run, signal } = context;
  const snapshot = snapshotOf(listing, part.window, part.filters);
  const rowsWritten = await inTransaction(database, { signal, repeatable: true }, async (client) => {
    const rows = await listing.apply(client, context, stagingOf(context, snapshot));
    // The API's clock in these responses may be a day earlier than before them.
    if (part.readTo !== undefined) {
      await advanceWatermark(client, account, listing.name, earlierOf(part.readTo, today(context)));
    }
    await forgetListing(client, context, snapshot);
    return rows;
  });
  run.add({ rowsWritten });
}
