import { type DateWindow, withinWindow } from '../../dashboard/order-resources.js';
import { readTotal } from '../../dashboard/pager.js';
import { LedgerError } from '../../errors.js';
import { type Cursor, readCursor } from '../cursor.js';
import { addDays, type Day, daysBetween, earlierOf, firstDay, laterOf, today, yearStart } from '../days.js';
import type { JobContext } from '../job.js';
import { IncompleteListingError } from '../prove.js';
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
import { inTransaction } from '../transaction.js';
import { collectWarnings, type ValueWarnings } from '../value-warnings.js';
import { type DatedListing, findDateFormat, mayBeRejectedFormat } from './date-filter.js';
import { findFirstDay } from './first-day.js';
import type { WindowListing } from './listing.js';
import { advanceWatermark, readWatermark, type StoredWatermark, setWatermark, type Watermark } from './watermark.js';

/** A window of a list without pages holds as many entries as the API gives at a time, and cannot be split any further. */
export class CeilingError extends LedgerError {
  override readonly name = 'CeilingError';
}

/** How far each run reaches back behind what was read: entries may turn up late, or under a date some hours off. */
const overlapDays = 3;
/** A quiet night takes one request a list; a first run loses no more than a year's reading when it is stopped for long. */
const longestWindowDays = 366;
const mostReadings = 3;

/**
 * Reads a listing from its watermark, less three days, to today, in windows of at most a year, each proved complete and brought
 * into the tables in the transaction that moves the watermark. A run that was stopped is gone on with where its last committed page
 * ended. Neighbouring windows share a day, so that nothing is lost whether or not the API counts the last day in.
 *
 * @throws IncompleteListingError for a window that stays short of what the API says it holds; CeilingError for one that can't be
 * asked for in small enough parts. The windows before it are kept, and the next run begins with it. DateFilterError if the API
 * does not understand the days that are asked for.
 */
export async function readWindows(context: JobContext, listing: WindowListing): Promise<void> {
  const dated = await findDateFormat(context, listing);
  try {
    await readAll(context, dated);
  } catch (error) {
    if (!dated.isRemembered || !mayBeRejectedFormat(error)) throw error;
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

/** Where to begin: in the window that a stopped run left half-read, if nothing unread lies before it, else at the watermark. */
async function firstWindow(context: JobContext, dated: DatedListing, last: Day): Promise<DateWindow> {
  const { account, database, log } = context;
  const { listing } = dated;
  const { from, readTo } = await beginning(context, dated);
  const left = await readCursor(database.pool, account, listing.name);
  if (left !== undefined) {
    const { window } = left;
    const resumes =
      window !== undefined &&
      window.from <= readTo &&
      listing.resource.ceiling === undefined &&
      (await usableCursor(context, snapshotOf(listing, window))) !== undefined;
    if (resumes) return window;
    await discardSnapshot(context, snapshotOf(listing, { from, to: last }));
  }
  log.info(`${listing.title} of account ${account}: reading from ${from}`);
  return windowFrom(from, last);
}

/** `from`: the first day to read. `readTo`: up to which day nothing is unread. */
async function beginning(
  context: JobContext,
  { listing, isEmpty, isReread }: DatedListing,
): Promise<{ from: Day; readTo: Day }> {
  const { account, database, options } = context;
  const stored = await readWatermark(database.pool, account, listing.name);
  const mark = stored && (await bringToToday(context, listing, stored));
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
    `${listing.title}: the days from ${mark.readTo} to ${since} were never read, and are left out now; \`tn-ledger run ${context.job} --account ${account} --since ${mark.readTo}\` reads them.`,
  );
  return restart(context, listing, { since, readTo: since });
}

/**
 * A watermark later than today was set by a run whose clock was ahead: nothing of the days after it was moved was read. It goes back
 * to the day on which the database saw it moved, or to today where the database's clock was ahead as well.
 */
async function bringToToday(context: JobContext, listing: WindowListing, mark: StoredWatermark): Promise<Watermark> {
  const last = today(context);
  if (mark.readTo <= last) return mark;
  const readTo = laterOf(mark.since, earlierOf(mark.movedOn, last));
  context.run.warn(
    `${listing.title}: marked as read up to ${mark.readTo}, which lies in the future: an earlier run's clock was ahead. It counts as ` +
      `read up to ${readTo} now. If that run was more than three days ago, read the days since then again: ` +
      `tn-ledger run ${context.job} --account ${context.account} --since DATE`,
  );
  await setWatermark(context.database.pool, context.account, listing.name, { since: mark.since, readTo });
  return { since: mark.since, readTo };
}

/** From here on the days behind `readTo` count as unread: a run that is stopped leaves the rest to the next. */
async function restart(
  { account, database }: JobContext,
  listing: WindowListing,
  mark: Watermark,
): Promise<{ from: Day; readTo: Day }> {
  await setWatermark(database.pool, account, listing.name, mark);
  return { from: mark.readTo, readTo: mark.readTo };
}

/** One reading: a window, or a part of one, and the day that the watermark moves to when it is brought in, if any. */
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
  for (let reading = 1; reading <= mostReadings; reading += 1) {
    const before = context.run.counts.rowsRead;
    const run = { ...context.run, expect: (rows: number) => context.run.expect(before + rows) };
    const cursor = await readSnapshot({ ...context, run }, snapshot, warnings);
    if (isAtCeiling(listing, cursor)) {
      await discardSnapshot(context, snapshot);
      for (const smaller of split(context, listing, part)) await readWindow(context, listing, smaller, warnings);
      return;
    }
    const missing = await findShortage(context, snapshot, cursor);
    if (missing === undefined) return bringIn(context, listing, part);
    shortage = missing;
    await discardSnapshot(context, snapshot);
    context.log.info(`${describe(context, listing, part)}: ${shortage} (reading ${reading} of ${mostReadings})`);
  }
  throw new IncompleteListingError(
    `${describe(context, listing, part)}, is not complete: after ${mostReadings} readings ${shortage}. Nothing of it was written, ` +
      'and its days count as unread.',
    { hint: 'Run it again; if it stays so, show Bandwidth these figures.' },
  );
}

function describe({ account }: JobContext, listing: WindowListing, { window, filters }: Part): string {
  const narrowed = Object.entries(filters).map(([name, value]) => `, ${name} ${value}`);
  return `The list of ${listing.title} of account ${account} from ${window.from} to ${window.to}${narrowed.join('')}`;
}

/** Undefined for a window that holds as many different entries as the API says; else the difference in words. */
async function findShortage(
  context: JobContext,
  snapshot: SnapshotListing,
  cursor: ReadListing,
): Promise<string | undefined> {
  const { account, client, signal } = context;
  const named = await dropRepeatedRows(context, snapshot, cursor);
  // A list of one page was told with its size in one answer, which the second word of another request makes no surer.
  const asksTotal =
    snapshot.resource.totals !== undefined && (cursor.pagesRead.length > 1 || cursor.lastTotalCount === undefined);
  const total = asksTotal ? await readTotal(client, snapshot.resource, account, signal) : cursor.lastTotalCount;
  const { lastTotalCount = total } = cursor;
  // Which of the entries without a name is one of the others told again, nobody can say.
  const holds = (count: number | undefined) =>
    count === undefined || (named <= count && count <= named + cursor.rowsLeftOut);
  if (holds(total) && holds(lastTotalCount)) return undefined;
  const pages = cursor.pagesRead.length === 1 ? 'its page' : `its ${cursor.pagesRead.length} pages`;
  return `TotalCount says ${lastTotalCount}${asksTotal ? `, …/totals ${total}` : ''}, but ${pages} named ${named} different ones`;
}

function isAtCeiling({ resource: { ceiling } }: WindowListing, cursor: Cursor): boolean {
  return ceiling !== undefined && cursor.rowsStaged + cursor.rowsLeftOut >= ceiling;
}

/** Smaller parts of a window at the ceiling: two halves, or for a single day its orders by action, then by status. */
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
  throw new CeilingError(
    `${describe(context, listing, part)}, has ${listing.resource.ceiling} orders or more. The API gives no more at a time, and the ` +
      'list cannot be asked for in smaller parts. Nothing of it was written, and its day counts as unread.',
    {
      hint: `Ask Bandwidth for the orders of that day. \`tn-ledger run ${context.job} --account ${context.account} --since ${addDays(window.to, 1)}\` leaves it out.`,
    },
  );
}

/** Everything staged goes into the tables in the transaction that moves the watermark and ends the staging. */
async function bringIn(context: JobContext, listing: WindowListing, part: Part): Promise<void> {
  const { account, database, run, signal } = context;
  const snapshot = snapshotOf(listing, part.window, part.filters);
  const rowsWritten = await inTransaction(database, { signal }, async (client) => {
    const rows = await listing.apply(client, context, stagingOf(context, snapshot));
    if (part.readTo !== undefined) await advanceWatermark(client, account, listing.name, part.readTo);
    await forgetListing(client, context, snapshot);
    return rows;
  });
  run.add({ rowsWritten });
}
