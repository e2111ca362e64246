import type pg from 'pg';
import type { DateWindow } from '../dashboard/order-resources.js';

/** Where the reading of a listing stands: a row of `sync_cursors`. */
export interface Cursor {
  state: 'reading' | 'complete' | 'held';
  /** Undefined when the last page was read. */
  nextPage: string | undefined;
  /** The address of the API that its pages were read from; undefined where an older version of this program read them. */
  apiUrl: string | undefined;
  /** The `size` of its pages; undefined where none was sent, or none was read yet. */
  pageSize: number | undefined;
  pagesRead: string[];
  fingerprints: string[];
  rowsStaged: number;
  /** Entries of the list that name nothing, and so were not staged. */
  rowsLeftOut: number;
  firstTotalCount: number | undefined;
  lastTotalCount: number | undefined;
  /** The days that it is for; undefined for a listing that is read whole. */
  window: DateWindow | undefined;
  /** Seconds since its last page was committed. */
  idleSeconds: number;
}

/** A listing left half-read is worth going on with for this long; after it, what was read is too old to stand beside new pages. */
export const resumableSeconds = 6 * 3600;

type Queryable = pg.ClientBase | pg.Pool;

export async function readCursor(db: Queryable, account: string, listing: string): Promise<Cursor | undefined> {
  const { rows } = await db.query(
    `select *, window_from::text as first_day, window_to::text as last_day, extract(epoch from clock_timestamp() - updated_at)::float8 as idle_seconds
       from sync_cursors where account_id = $1 and listing = $2`,
    [account, listing],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  return {
    state: row.state,
    nextPage: row.next_page ?? undefined,
    apiUrl: row.api_url ?? undefined,
    pageSize: row.page_size ?? undefined,
    pagesRead: row.pages_read,
    fingerprints: row.fingerprints,
    rowsStaged: Number(row.rows_staged),
    rowsLeftOut: Number(row.rows_left_out),
    firstTotalCount: toNumber(row.first_total_count),
    lastTotalCount: toNumber(row.last_total_count),
    window: row.first_day === null ? undefined : { from: row.first_day, to: row.last_day },
    idleSeconds: row.idle_seconds,
  };
}

export async function startCursor(
  db: Queryable,
  account: string,
  listing: string,
  { firstPage, window, apiUrl }: { firstPage: string; window: DateWindow | undefined; apiUrl: string },
): Promise<void> {
  await deleteCursor(db, account, listing);
  await db.query(
    `insert into sync_cursors (account_id, listing, state, next_page, window_from, window_to, api_url)
     values ($1, $2, 'reading', $3, $4, $5, $6)`,
    [account, listing, firstPage, window?.from ?? null, window?.to ?? null, apiUrl],
  );
}

export interface CommittedPage {
  cursor: string;
  next: string | undefined;
  pageSize: number | undefined;
  fingerprint: string;
  rows: number;
  leftOut: number;
  totalCount: number | undefined;
}

/** Moves the cursor over a page, in the transaction that stages the page's rows. */
export async function advanceCursor(
  db: Queryable,
  account: string,
  listing: string,
  page: CommittedPage,
): Promise<void> {
  await db.query(
    `update sync_cursors
        set next_page = $3, pages_read = pages_read || $4::text, fingerprints = fingerprints || $5::text,
            rows_staged = rows_staged + $6, rows_left_out = rows_left_out + $8, page_size = $9, updated_at = clock_timestamp(),
            first_total_count = coalesce(first_total_count, $7), last_total_count = coalesce($7, last_total_count)
      where account_id = $1 and listing = $2`,
    [
      account,
      listing,
      page.next ?? null,
      page.cursor,
      page.fingerprint,
      page.rows,
      page.totalCount ?? null,
      page.leftOut,
      page.pageSize ?? null,
    ],
  );
}

export async function setCursorState(
  db: Queryable,
  account: string,
  listing: string,
  state: Cursor['state'],
): Promise<void> {
  await db.query('update sync_cursors set state = $3 where account_id = $1 and listing = $2', [
    account,
    listing,
    state,
  ]);
}

/** Corrects how many rows the staging table must hold, in the transaction that takes some out. */
export async function setRowsStaged(db: Queryable, account: string, listing: string, rows: number): Promise<void> {
  await db.query('update sync_cursors set rows_staged = $3 where account_id = $1 and listing = $2', [
    account,
    listing,
    rows,
  ]);
}

/** Adds to how many rows the staging table must hold (a negative count: takes away), in the transaction that changes them. */
export async function addRowsStaged(db: Queryable, account: string, listing: string, rows: number): Promise<void> {
  await db.query('update sync_cursors set rows_staged = rows_staged + $3 where account_id = $1 and listing = $2', [
    account,
    listing,
    rows,
  ]);
}

export async function deleteCursor(db: Queryable, account: string, listing: string): Promise<void> {
  await db.query('delete from sync_cursors where account_id = $1 and listing = $2', [account, listing]);
}

function toNumber(value: string | null): number | undefined {
  return value === null ? undefined : Number(value);
}
