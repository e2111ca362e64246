import type pg from 'pg';
import type { DateWindow } from '../dashboard/date-window.js';
import { isUnknownOrMalformed } from '../dashboard/errors.js';
import { PageSizeChangedError } from '../dashboard/page-size.js';
import { firstPage, type Page, readPages, readTotal } from '../dashboard/pager.js';
import type { ListResource } from '../dashboard/resource.js';
import { type CopyValue, copyRows } from '../database/copy.js';
import { inTransaction } from '../database/transaction.js';
import { InterruptedError, LedgerError } from '../errors.js';
import type { JobContext } from '../run/job.js';
import {
  advanceCursor,
  type Cursor,
  deleteCursor,
  readCursor,
  resumableSeconds,
  setRowsStaged,
  startCursor,
} from './cursor.js';
import { createSeenKeys } from './seen-keys.js';
import { countStaged, createStaging, dropStaging, type StagingTable, stagingTable } from './staging.js';
import { collectWarnings, type ValueWarnings } from './value-warnings.js';

/** A listing that is read to its end and staged before it is applied. */
export interface SnapshotListing {
  /** The key of its cursor and its staging table. */
  name: string;
  /** Its name in messages: `in-service numbers`. */
  title: string;
  resource: ListResource;
  /** The days that the resource's filters limit it to; omitted if it is read as a whole. */
  window?: DateWindow;
  /** What each entry must have, for messages: `a number`, `an order id`. */
  entry: string;
  /** Columns of the staging table; the first is the key. */
  columns: readonly { name: string; type: string }[];
  /** Stage rows of other accounts too. The verification of the listing decides which of them stay. */
  keepsForeign?: true;
  /** Of rows with the same key, keep the one with the lowest value of this SQL expression; of those, the last one read. */
  preference?: string;
  /** Converts an item of a page to a row, in the order of `columns`. Values that don't fit go to `warnings`. */
  toRow(item: Page['items'][number], warnings: ValueWarnings, account: string): CopyValue[];
}

/** What identifies a listing: its cursor and staging table, and its messages. */
export type ListingName = Pick<SnapshotListing, 'name' | 'title'>;

/** A listing that was read to its end. */
export interface ReadListing extends Cursor {
  /** No key was repeated; false if memory was too small to tell, or an earlier run read some of the pages. */
  keysDiffer: boolean;
  /** This run read all pages. */
  fromTheStart: boolean;
  /** Rows of other accounts on the pages that this run read. */
  foreignRows: number;
}

/** The staging table of a listing for the context's account. */
export function stagingOf(context: Pick<JobContext, 'account'>, listing: ListingName): StagingTable {
  return stagingTable(listing.name, context.account);
}

/**
 * Returns the cursor of a listing if it can be resumed: at most six hours old, read from this run's API URL, and with a complete
 * staging table (a server crash empties unlogged tables). Otherwise undefined.
 */
export async function usableCursor(context: JobContext, listing: ListingName): Promise<Cursor | undefined> {
  const { pool } = context.database;
  const cursor = await readCursor(pool, context.account, listing.name);
  if (cursor === undefined || cursor.idleSeconds > resumableSeconds) return undefined;
  if (cursor.apiUrl !== context.client.apiUrl) {
    context.log.info(
      `${listing.title} of account ${context.account}: ignoring the pages of an earlier run, which came from ${cursor.apiUrl ?? 'an unrecorded URL'}, not ` +
        `from ${context.client.apiUrl}`,
    );
    return undefined;
  }
  return (await countStaged(pool, stagingOf(context, listing))) === cursor.rowsStaged ? cursor : undefined;
}

/** Drops a listing's staging table and cursor, in the client's transaction. */
export async function forgetListing(
  client: pg.ClientBase,
  context: Pick<JobContext, 'account'>,
  listing: ListingName,
): Promise<void> {
  await deleteCursor(client, context.account, listing.name);
  await dropStaging(client, stagingOf(context, listing));
}

/** Drops what was staged, so that the next run reads the listing from its first page. */
export async function discardSnapshot(context: JobContext, listing: ListingName): Promise<void> {
  await inTransaction(context.database, { repeatable: true }, (client) => forgetListing(client, context, listing));
}

/** Creates an empty staging table, and a cursor before the listing's first page. */
export async function startListing(
  context: JobContext,
  listing: ListingName & Pick<SnapshotListing, 'columns' | 'window'>,
): Promise<void> {
  const { account, client, database } = context;
  await inTransaction(database, { repeatable: true }, async (tx) => {
    const columns = listing.columns.map(({ name, type }) => `${name} ${type}`);
    await createStaging(tx, stagingOf(context, listing), columns);
    await startCursor(tx, account, listing.name, { firstPage, window: listing.window, apiUrl: client.apiUrl });
  });
}

/**
 * Reads all pages of a listing into its staging table. Each page is committed together with the cursor, so a killed run can be
 * resumed. The next page is fetched while one is written. Returns the cursor after the last page.
 *
 * @param warnings receives values that don't fit; without it, they become warnings of the run
 * @throws InterruptedError after the current page, if the run is asked to stop
 */
export async function readSnapshot(
  context: JobContext,
  listing: SnapshotListing,
  warnings?: ValueWarnings,
): Promise<ReadListing> {
  const { account, log } = context;
  const cursor = await usableCursor(context, listing);
  if (cursor !== undefined && (cursor.state !== 'reading' || cursor.nextPage === undefined)) {
    return { ...cursor, keysDiffer: false, fromTheStart: false, foreignRows: 0 };
  }
  if (cursor !== undefined) {
    log.info(`${listing.title} of account ${account}: resuming after ${cursor.rowsStaged} rows of an earlier run`);
  }
  try {
    return await readFrom(context, listing, cursor, warnings);
  } catch (error) {
    // A page is addressed by its first number or order, which may be gone when an earlier run's reading is resumed.
    const mayBeLostPage = cursor !== undefined && isUnknownOrMalformed(error);
    if (!(error instanceof PageSizeChangedError) && !mayBeLostPage) throw error;
    log.info(`${error.message}. Reading it again from its first page`);
    return readFrom(context, listing, undefined, warnings);
  }
}

/** Maximum empty pages in a row from a working API. */
const maxEmptyPages = 2;
/** Up to this many pages, their fill isn't checked: they take no more than a minute. */
const pagesOfAnyFill = 100;
/** After this many pages without a TotalCount, the list's size is worth a request. */
const pagesWithoutTotal = 10;

/**
 * Stops a reading that would never end because the API keeps naming a next page. A list that changes while it is read may return
 * somewhat more entries than `TotalCount`, and some of them twice.
 */
export function createEndGuard(context: JobContext, listing: SnapshotListing, from: Cursor | undefined) {
  const { account, client, options, signal } = context;
  const { resource } = listing;
  let entries = from === undefined ? 0 : from.rowsStaged + from.rowsLeftOut;
  let pages = from?.pagesRead.length ?? 0;
  let emptyPages = 0;
  let total: { count: number; said: 'TotalCount' | '…/totals' } | undefined;
  const findExcess = ({ pageSize }: Page): string | undefined => {
    if (emptyPages > maxEmptyPages) return `${emptyPages} pages in a row were empty`;
    if (total !== undefined && entries > total.count * 1.1 + 1000) return `${total.said} is ${total.count}`;
    if (entries > options.maxListEntries) return `TN_LEDGER_MAX_LIST_ENTRIES=${options.maxListEntries} allows no more`;
    const size = pageSize ?? resource.pageSize ?? 0;
    if (pages > pagesOfAnyFill && entries < (pages - pagesOfAnyFill) * size * options.minPageFill) {
      return `${pages} pages of ${size} should hold more (TN_LEDGER_MIN_PAGE_FILL=${Number((options.minPageFill * 100).toFixed(4))})`;
    }
    return undefined;
  };
  return async (page: Page) => {
    const count = page.items.length + page.foreign.length + page.withoutKey.length;
    entries += count;
    pages += 1;
    emptyPages = count === 0 ? emptyPages + 1 : 0;
    if (page.totalCount !== undefined) total = { count: page.totalCount, said: 'TotalCount' };
    if (page.next === undefined) return;
    if (total === undefined && resource.totals !== undefined && pages >= pagesWithoutTotal) {
      total = { count: await readTotal(client, resource, account, signal), said: '…/totals' };
    }
    const excess = findExcess(page);
    if (excess === undefined) return;
    await discardSnapshot(context, listing);
    throw new EndlessListingError(
      `The list of ${listing.title} of account ${account} does not end: after ${entries} entries the API names a next page, ` +
        `although ${excess}. None of it was written.`,
      {
        hint: 'Run it again. If it happens again, report these figures to Bandwidth, or raise the setting if one is named.',
      },
    );
  };
}

/** A list continues beyond the size that the API gives for it. */
export class EndlessListingError extends LedgerError {
  override readonly name = 'EndlessListingError';
}

/** Reads a listing from a cursor, or from its first page. */
async function readFrom(
  context: JobContext,
  listing: SnapshotListing,
  from: Cursor | undefined,
  warnings: ValueWarnings | undefined,
): Promise<ReadListing> {
  const { account, database, client, log, run, signal } = context;
  if (from === undefined) await startListing(context, listing);
  const collected = collectWarnings();
  const invalid = warnings ?? collected;
  const keys = createSeenKeys();
  const fromTheStart = from === undefined;
  let foreignRows = 0;
  const keyField = listing.resource.fields.indexOf(listing.resource.key);
  const pages = readPages({
    client,
    resource: listing.resource,
    account,
    // A cursor without pages is before the first one, whose size is not known yet.
    ...(from !== undefined &&
      from.pagesRead.length > 0 && {
        from: {
          cursor: from.nextPage ?? firstPage,
          pageSize: from.pageSize,
          visited: from.pagesRead,
          fingerprints: from.fingerprints,
        },
      }),
    signal,
    log,
  });
  const checkEnd = createEndGuard(context, listing, from);
  for await (const page of pages) {
    await checkEnd(page);
    noteWithoutKey(page, listing, invalid);
    foreignRows += page.foreign.length;
    const items = listing.keepsForeign ? [...page.items, ...page.foreign] : page.items;
    for (const { values } of items) keys.add(values[keyField] ?? '');
    await commitPage(context, listing, { ...page, items }, invalid);
    run.add({ pages: 1, rowsRead: items.length });
    if (page.totalCount !== undefined) run.expect(page.totalCount);
    if (signal.aborted && page.next !== undefined) throw interrupted(listing, account);
  }
  for (const sentence of collected.sentences()) run.warn(`${listing.title}: ${sentence}`);
  const cursor = await readCursor(database.pool, account, listing.name);
  if (cursor === undefined)
    throw new Error(`the cursor of ${listing.name} for account ${account} vanished while it was read`);
  return { ...cursor, keysDiffer: fromTheStart && keys.allDifferent(), fromTheStart, foreignRows };
}

/** Warns about the entries of a page that have no key. */
export function noteWithoutKey(
  { withoutKey }: Pick<Page, 'withoutKey'>,
  { entry }: Pick<SnapshotListing, 'entry'>,
  warnings: ValueWarnings,
): void {
  for (const { values } of withoutKey) {
    warnings.note(`entry without ${entry} (skipped)`, JSON.stringify(values.filter((value) => value !== undefined)));
  }
}

/** The error of a run that was asked to stop after a page of a listing. */
export function interrupted(listing: ListingName, account: string): InterruptedError {
  return new InterruptedError(
    `Stopped on request while reading the ${listing.title} of account ${account}. The current page was committed.`,
    { hint: 'Run it again within six hours to resume after it.' },
  );
}

/** Stages the rows of a page and moves the cursor past it, in one transaction. */
export async function commitPage(
  context: JobContext,
  listing: SnapshotListing,
  page: Page,
  warnings: ValueWarnings,
): Promise<void> {
  // Outside the transaction, which may be retried: each warning counts once.
  const entries = page.items.map((item) => listing.toRow(item, warnings, context.account));
  // An asynchronous commit is safe here: after a crash the unlogged table is empty, which its row count reveals.
  await inTransaction(context.database, { asynchronous: true, repeatable: true }, async (tx) => {
    const target = { table: stagingOf(context, listing).sql, columns: listing.columns.map(({ name }) => name) };
    const rows = await copyRows(tx, target, entries);
    await advanceCursor(tx, context.account, listing.name, { ...page, rows, leftOut: page.withoutKey.length });
  });
}

/** Removes duplicate rows (the list changed while it was read), keeping one of each. Returns how many are left. */
export async function dropRepeatedRows(
  context: JobContext,
  listing: SnapshotListing,
  { rowsStaged: staged, keysDiffer }: ReadListing,
): Promise<number> {
  const table = stagingOf(context, listing).sql;
  const key = listing.columns[0]?.name;
  // The planner only needs the row count.
  const settings = { default_statistics_target: '10' };
  return inTransaction(
    context.database,
    { settings, largeJoin: true, signal: context.signal, repeatable: true },
    async (tx) => {
      await tx.query(`analyze ${table} (${key})`);
      if (keysDiffer) return staged;
      const { rows } = await tx.query(
        `select count(*) as count from (select from ${table} group by ${key}) as distinct_keys`,
      );
      const distinct = Number(rows[0].count);
      if (distinct === staged) return staged;
      await tx.query(
        `delete from ${table} as s using (
         select ctid as place, row_number() over (partition by ${key} order by ${listing.preference ?? 'true'}, ctid desc) as nth
           from ${table}
       ) as numbered where numbered.nth > 1 and s.ctid = numbered.place`,
      );
      await setRowsStaged(tx, context.account, listing.name, distinct);
      return distinct;
    },
  );
}
