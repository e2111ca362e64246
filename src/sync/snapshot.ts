import type pg from 'pg';
import { ApiError } from '../dashboard/errors.js';
import type { DateWindow } from '../dashboard/order-resources.js';
import { PageSizeChangedError } from '../dashboard/page-size.js';
import { firstPage, type Page, readPages } from '../dashboard/pager.js';
import type { ListResource } from '../dashboard/resources.js';
import { type CopyValue, copyRows } from '../database/copy.js';
import { InterruptedError, LedgerError } from '../errors.js';
import {
  advanceCursor,
  type Cursor,
  deleteCursor,
  readCursor,
  resumableSeconds,
  setRowsStaged,
  startCursor,
} from './cursor.js';
import type { JobContext } from './job.js';
import { createSeenKeys } from './seen-keys.js';
import { countStaged, createStaging, dropStaging, type StagingTable, stagingTable } from './staging.js';
import { inTransaction } from './transaction.js';
import { collectWarnings, type ValueWarnings } from './value-warnings.js';

/** A listing that is read to its end and staged before anything is compared with it. */
export interface SnapshotListing {
  /** Names its cursor and its staging table. */
  name: string;
  /** What messages call it: `in-service numbers`. */
  title: string;
  resource: ListResource;
  /** The days that the resource's filters narrow it to; left out where it is read whole. */
  window?: DateWindow;
  /** What one of its entries is: `number`, `order`. */
  entry: string;
  /** Columns of the staging table; the first is the key. */
  columns: readonly { name: string; type: string }[];
  /** Rows of other accounts are staged, too: the proof of the listing decides which of them stay. */
  keepsForeign?: true;
  /** Of rows with the same key, the one stays for which this SQL expression is lowest; of several, the last one read. */
  preference?: string;
  /** One item of a page as a row, in the order of `columns`; what it cannot place it tells `warnings`. */
  toRow(item: Page['items'][number], warnings: ValueWarnings, account: string): CopyValue[];
}

/** A listing that was read to its end. */
export interface ReadListing extends Cursor {
  /** No key came twice; false where that can't be told from memory, or an earlier run read some of the pages. */
  keysDiffer: boolean;
  /** All pages were read by this run. */
  fromTheStart: boolean;
  /** Rows of other accounts on the pages that this run read. */
  foreignRows: number;
}

/** The staging table of a listing for the context's account. */
export function stagingOf(context: Pick<JobContext, 'account'>, listing: SnapshotListing): StagingTable {
  return stagingTable(listing.name, context.account);
}

/**
 * The cursor of a listing that was read and is still good: not older than six hours, read from the API's address of this run, and
 * its staging table whole (an unlogged table is emptied when the server crashes). Undefined where there is none.
 */
export async function usableCursor(context: JobContext, listing: SnapshotListing): Promise<Cursor | undefined> {
  const { pool } = context.database;
  const cursor = await readCursor(pool, context.account, listing.name);
  if (cursor === undefined || cursor.idleSeconds > resumableSeconds) return undefined;
  if (cursor.apiUrl !== context.client.apiUrl) {
    context.log.info(
      `${listing.title} of account ${context.account}: what an earlier run read came from ${cursor.apiUrl ?? 'an address that was not recorded'}, not ` +
        `from ${context.client.apiUrl}; it is not used`,
    );
    return undefined;
  }
  return (await countStaged(pool, stagingOf(context, listing))) === cursor.rowsStaged ? cursor : undefined;
}

/** Ends the staging of a listing, in the client's transaction. */
export async function forgetListing(
  client: pg.ClientBase,
  context: Pick<JobContext, 'account'>,
  listing: SnapshotListing,
): Promise<void> {
  await deleteCursor(client, context.account, listing.name);
  await dropStaging(client, stagingOf(context, listing));
}

/** Forgets what was staged, so that the next run reads the listing afresh. */
export async function discardSnapshot(context: JobContext, listing: SnapshotListing): Promise<void> {
  await inTransaction(context.database, {}, (client) => forgetListing(client, context, listing));
}

/**
 * Reads all pages of a listing into its staging table, each page in one transaction with the cursor, going on where a killed
 * run ended. While a page is being written, the next is being fetched. Answers with the cursor after the last page.
 *
 * @param warnings receives what could not be placed; without it, that is told in the run's warnings
 * @throws InterruptedError after the page in hand, when the run is asked to stop
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
    log.info(`${listing.title} of account ${account}: going on after ${cursor.rowsStaged} rows of an earlier run`);
  }
  try {
    return await readFrom(context, listing, cursor, warnings);
  } catch (error) {
    if (!(error instanceof PageSizeChangedError) && !(cursor !== undefined && mayBeLostPage(error))) throw error;
    log.info(`${error.message}. It is read again from its first page`);
    return readFrom(context, listing, undefined, warnings);
  }
}

/** A page is named by the number or order that it begins with, and that may be gone when an earlier run's reading is resumed. */
function mayBeLostPage(error: unknown): error is ApiError {
  return error instanceof ApiError && (error.status === 400 || error.status === 404);
}

/** Pages in a row without an entry that an API which works may give. */
const mostEmptyPages = 2;

/**
 * Ends a reading that would go on for ever: the API names a next page, whatever it says of the list's size. A list that grows and
 * moves while it is read may well give some entries more than `TotalCount`, and some of them twice.
 */
function createEndGuard(context: JobContext, listing: SnapshotListing, alreadyRead: number) {
  let read = alreadyRead;
  let emptyPages = 0;
  return async (page: Page) => {
    const entries = page.items.length + page.foreign.length + page.withoutKey.length;
    read += entries;
    emptyPages = entries === 0 ? emptyPages + 1 : 0;
    if (page.next === undefined) return;
    const most = page.totalCount === undefined ? Number.POSITIVE_INFINITY : page.totalCount * 1.1 + 1000;
    if (emptyPages <= mostEmptyPages && read <= most) return;
    await discardSnapshot(context, listing);
    const reason =
      emptyPages > mostEmptyPages ? `${emptyPages} pages in a row were empty` : `TotalCount says ${page.totalCount}`;
    throw new EndlessListingError(
      `The list of ${listing.title} of account ${context.account} does not end: after ${read} entries the API names a next page, ` +
        `although ${reason}. Nothing of it was written.`,
      { hint: 'Run it again; if it stays so, show Bandwidth these figures.' },
    );
  };
}

/** A list that goes on beyond what the API says it holds. */
export class EndlessListingError extends LedgerError {
  override readonly name = 'EndlessListingError';
}

/** Reads a listing from a cursor on, or from its first page. */
async function readFrom(
  context: JobContext,
  listing: SnapshotListing,
  from: Cursor | undefined,
  warnings: ValueWarnings | undefined,
): Promise<ReadListing> {
  const { account, database, client, log, run, signal } = context;
  if (from === undefined) {
    await inTransaction(database, {}, async (tx) => {
      const columns = listing.columns.map(({ name, type }) => `${name} ${type}`);
      await createStaging(tx, stagingOf(context, listing), columns);
      await startCursor(tx, account, listing.name, { firstPage, window: listing.window, apiUrl: client.apiUrl });
    });
  }
  const collected = collectWarnings();
  const told = warnings ?? collected;
  const keys = createSeenKeys();
  const fromTheStart = from === undefined;
  let foreignRows = 0;
  const keyField = listing.resource.fields.indexOf(listing.resource.key);
  const pages = readPages({
    client,
    resource: listing.resource,
    account,
    // A cursor without pages stands before the first one, whose size is yet to be found.
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
  const checkEnd = createEndGuard(context, listing, from === undefined ? 0 : from.rowsStaged + from.rowsLeftOut);
  for await (const page of pages) {
    await checkEnd(page);
    for (const { values } of page.withoutKey) {
      told.note(
        `entry that names no ${listing.entry} (left out)`,
        JSON.stringify(values.filter((value) => value !== undefined)),
      );
    }
    foreignRows += page.foreign.length;
    const items = listing.keepsForeign ? [...page.items, ...page.foreign] : page.items;
    for (const { values } of items) keys.see(values[keyField] ?? '');
    await commitPage(context, listing, { ...page, items }, told);
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

function interrupted(listing: SnapshotListing, account: string): InterruptedError {
  return new InterruptedError(
    `Asked to stop while reading the ${listing.title} of account ${account}: the page in hand was committed.`,
    {
      hint: 'Run it again within six hours and it goes on from there.',
    },
  );
}

async function commitPage(
  context: JobContext,
  listing: SnapshotListing,
  page: Page,
  warnings: ValueWarnings,
): Promise<void> {
  // Not waiting for the disk is safe here: after a crash the unlogged table is empty, which its row count gives away.
  await inTransaction(context.database, { asynchronous: true }, async (tx) => {
    const target = { table: stagingOf(context, listing).sql, columns: listing.columns.map(({ name }) => name) };
    const rows = await copyRows(tx, target, toRows(page, listing, warnings, context.account));
    await advanceCursor(tx, context.account, listing.name, { ...page, rows, leftOut: page.withoutKey.length });
  });
}

function* toRows(
  page: Page,
  listing: SnapshotListing,
  warnings: ValueWarnings,
  account: string,
): Iterable<CopyValue[]> {
  for (const item of page.items) yield listing.toRow(item, warnings, account);
}

/** Removes rows that a listing gave twice (the list moved while it was read), keeping one; returns how many are left. */
export async function dropRepeatedRows(
  context: JobContext,
  listing: SnapshotListing,
  { rowsStaged: staged, keysDiffer }: ReadListing,
): Promise<number> {
  const table = stagingOf(context, listing).sql;
  const key = listing.columns[0]?.name;
  // How many rows there are is all that the planner has to know of it.
  const settings = { work_mem: '128MB', default_statistics_target: '10' };
  return inTransaction(context.database, { settings, signal: context.signal }, async (tx) => {
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
  });
}
