import type pg from 'pg';
import type { DateWindow } from '../dashboard/date-window.js';
import type { Database } from '../database/connect.js';
import { change } from '../database/transaction.js';

/** The progress of reading a listing: a row of `sync_cursors`. */
export interface Cursor {
  state: 'reading' | 'complete' | 'held';
  /** Undefined after the last page. */
  nextPage: string | undefined;
  /** The API URL that its pages were read from; undefined if it was not recorded. */
  apiUrl: string | undefined;
  /** The `size` of its pages; undefined if none was sent, or no page was read yet. */
  pageSize: number | undefined;
  pagesRead: string[];
  fingerprints: string[];
  rowsStaged: number;
  /** Entries without a key, which were not staged. */
  rowsLeftOut: number;
  firstTotalCount: number | undefined;
  lastTotalCount: number | undefined;
  /** The days it covers; undefined for a listing that is read as a whole. */
  window: DateWindow | undefined;
  /** Seconds since its last page was committed. */
  idleSeconds: number;
}

/** How long a partially read listing can be resumed. After that, its pages are too old to combine with new ones. */
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
  client: pg.ClientBase,
  account: string,
  listing: string,
  { firstPage, window, apiUrl }: { firstPage: string; window: DateWindow | undefined; apiUrl: string },
): Promise<void> {
  await deleteCursor(client, account, listing);
  await client.query(
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

/** Moves the cursor past a page, in the transaction that stages the page's rows. */
export async function advanceCursor(
  client: pg.ClientBase,
  account: string,
  listing: string,
  page: CommittedPage,
): Promise<void> {
  await client.query(
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
  database: Database,
  account: string,
  listing: string,
  state: Cursor['state'],
): Promise<void> {
  await change(database, 'update sync_cursors set state = $3 where account_id = $1 and listing = $2', [
    account,
    listing,
    state,
  ]);
}

/** Sets how many rows the staging table must have, in the transaction that removes some. */
export async function setRowsStaged(
  client: pg.ClientBase,
  account: string,
  listing: string,
  rows: number,
): Promise<void> {
  await client.query('update sync_cursors set rows_staged = $3 where account_id = $1 and listing = $2', [
    account,
    listing,
    rows,
  ]);
}

/** Changes how many rows the staging table must have, by a positive or negative count, in the transaction that changes them. */
export async function addRowsStaged(
  client: pg.ClientBase,
  account: string,
  listing: string,
  rows: number,
): Promise<void> {
  await client.query('update sync_cursors set rows_staged = rows_staged + $3 where account_id = $1 and listing = $2', [
    account,
    listing,
    rows,
  ]);
}

/**
 * Forgets that the pages of parts of a listing were read, in the transaction that removes their rows. For listings whose pages are
 * addressed as `part/page`.
 *
 * @param rows how many staged rows were removed
 */
export async function forgetParts(
  client: pg.ClientBase,
  account: string,
  listing: string,
  { parts, rows }: { parts: readonly string[]; rows: number },
): Promise<void> {
  const isOther = (page: string) => `(regexp_replace(${page}, '/[^/]*$', '') = any($3)) is not true`;
  await client.query(
    `update sync_cursors c
        set state = 'reading', rows_staged = rows_staged - $4, next_page = case when ${isOther('next_page')} then next_page end,
            (pages_read, fingerprints) = (
              select coalesce(array_agg(p.page order by p.nth), '{}'), coalesce(array_agg(p.fingerprint order by p.nth), '{}')
                from unnest(c.pages_read, c.fingerprints) with ordinality as p (page, fingerprint, nth)
               where ${isOther('p.page')})
      where account_id = $1 and listing = $2`,
    [account, listing, parts, rows],
  );
}

export async function deleteCursor(client: pg.ClientBase, account: string, listing: string): Promise<void> {
  await client.query('delete from sync_cursors where account_id = $1 and listing = $2', [account, listing]);
}

function toNumber(value: string | null): number | undefined {
  return value === null ? undefined : Number(value);
}
