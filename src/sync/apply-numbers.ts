import type pg from 'pg';
import { lockNumbers, tryLockJob } from '../database/advisory-locks.js';
import { fillTable } from '../database/fill-table.js';
import { analyzeAfter } from '../database/statistics.js';
import { inTransaction } from '../database/transaction.js';
import type { JobContext } from '../run/job.js';
import { setCursorState } from './cursor.js';
import { detailColumnNames, detailsListing, inserviceListing } from './number-listings.js';
import { type AppliedChanges, RefusedListingError } from './refused-listing.js';
import { forgetListing, type SnapshotListing, stagingOf } from './snapshot.js';
import { reconcileStatusHistory } from './status-history.js';

/** A listing would close more numbers than `TN_LEDGER_MAX_SHRINK` allows. It is held until it is accepted. */
export class ShrinkError extends RefusedListingError {
  override readonly name = 'ShrinkError';
}

// Inserts are in key order: PostgreSQL appends ascending keys to the end of an index, which takes half the time of finding the
// position of each key. A staging table is almost in that order, but one high number early in the list is enough to break it.

// Every update sets telephone_number to itself. If an update sets none of the columns that stored generated columns depend on,
// PostgreSQL 18 parses their expressions again for each row, which takes ten times as long and leaks memory.

/** How one of the two listings is compared with `telephone_numbers`; every statement takes the account as `$1`. */
interface Comparison {
  listing: SnapshotListing;
  /** Open rows of `telephone_numbers t` that the listing covers. Those missing from it are closed. */
  scope: string;
  /** Updates rows that differ from the listing. */
  update: (staging: string) => string;
  insert: (staging: string) => string;
}

/** Filled by sync-sites. For a number that comes back, they are those of its earlier stay. */
const locationColumns = ['site_id', 'sip_peer_id', 'tn_attributes', 'location_settings'];

const details = detailColumnNames.filter((name) => name !== 'telephone_number');

// The in-service list only says that a number is in service. A number missing from it is closed if it was in service. A number with
// another status (Aging) is only in the number details, so only they can close it. A returning number has details from before, of
// which the in-service date is certainly outdated. New and returning numbers have 'no details' until the number details list them.
const inserviceComparison: Comparison = {
  listing: inserviceListing,
  scope: `t.status = 'Inservice'`,
  update: (staging) => `
    update telephone_numbers t
       set telephone_number = s.telephone_number, status = 'Inservice', in_service_date = null, discrepancy = 'no details',
           ${locationColumns.map((name) => `${name} = null`).join(', ')}, removed_at = null, changed_at = now()
      from ${staging} s
     where t.account_id = $1 and t.telephone_number = s.telephone_number and t.removed_at is not null`,
  insert: (staging) => `
    insert into telephone_numbers (account_id, telephone_number, status, discrepancy)
    select $1, s.telephone_number, 'Inservice', 'no details' from ${staging} s
     where not exists (select from telephone_numbers t where t.account_id = $1 and t.telephone_number = s.telephone_number)
     order by s.telephone_number`,
};

// The verified number details include every number of the account, in service or not: a number missing from them has left.
const detailsComparison: Comparison = {
  listing: detailsListing,
  scope: 'true',
  update: (staging) => `
    update telephone_numbers t
       set telephone_number = s.telephone_number, ${details.map((name) => `${name} = s.${name}`).join(', ')},
           ${locationColumns.map((name) => `${name} = case when t.removed_at is null then t.${name} end`).join(', ')},
           removed_at = null, changed_at = now()
      from ${staging} s
     where t.account_id = $1 and t.telephone_number = s.telephone_number
       and (t.removed_at is not null
         or (${details.map((name) => `t.${name}`).join(', ')}) is distinct from (${details.map((name) => `s.${name}`).join(', ')}))`,
  insert: (staging) => `
    insert into telephone_numbers (account_id, telephone_number, ${details.join(', ')})
    select $1, s.telephone_number, ${details.map((name) => `s.${name}`).join(', ')} from ${staging} s
     where not exists (select from telephone_numbers t where t.account_id = $1 and t.telephone_number = s.telephone_number)
     order by s.telephone_number`,
};

/** Applies the verified in-service list: closes numbers missing from it and inserts new ones. */
export function applyInserviceNumbers(context: JobContext): Promise<AppliedChanges> {
  return apply(context, inserviceComparison);
}

/** Applies the verified number details, and discards an in-service list that waited for them. */
export function applyNumberDetails(context: JobContext): Promise<AppliedChanges> {
  return apply(context, detailsComparison, async (client) => {
    const mayForget = await tryLockJob(client, 'sync-inservice-numbers', context.account);
    // Another run may be reading the list right now; that run applies it.
    if (mayForget) await forgetListing(client, context, inserviceListing);
  });
}

/**
 * Rejects a listing that would close more of the account's numbers than allowed, and holds it, so that a run with
 * `--accept-shrink` within six hours can apply it without reading it again.
 */
export async function guardShrink(context: JobContext, which: 'inservice' | 'details'): Promise<void> {
  const comparison = which === 'inservice' ? inserviceComparison : detailsComparison;
  if (context.options.acceptShrink) return;
  const { account, database, options } = context;
  const staging = stagingOf(context, comparison.listing).sql;
  const { rows } = await inTransaction(
    database,
    { largeJoin: true, signal: context.signal, repeatable: true },
    (client) =>
      client.query(
        `select count(*) as open, count(*) filter (where ${comparison.scope} and s.telephone_number is null) as closing
         from telephone_numbers t left join ${staging} s on s.telephone_number = t.telephone_number
        where t.account_id = $1 and t.removed_at is null`,
        [account],
      ),
  );
  const open = Number(rows[0].open);
  const closing = Number(rows[0].closing);
  if (closing <= open * options.maxShrink) return;
  const { listing } = comparison;
  await setCursorState(database, account, listing.name, 'held');
  const share = ((closing / open) * 100).toFixed(1);
  throw new ShrinkError(
    `The ${listing.title} of account ${account} would close ${closing} of its ${open} numbers (${share} %), more than the ` +
      `${(options.maxShrink * 100).toFixed(1)} % that TN_LEDGER_MAX_SHRINK allows.`,
    {
      hint: `Check whether the account really disconnected that many numbers. If so: tn-ledger run ${context.job} --account ${account} --accept-shrink.`,
    },
  );
}

/** Closes, updates and inserts numbers, updates the histories, and drops the staging table, all in one transaction. */
async function apply(
  context: JobContext,
  comparison: Comparison,
  afterwards: (client: pg.ClientBase) => Promise<void> = async () => undefined,
): Promise<AppliedChanges> {
  const { account, database, run, signal } = context;
  const staging = stagingOf(context, comparison.listing).sql;
  const { intervals, ...applied } = await inTransaction(
    database,
    { largeJoin: true, signal, repeatable: true },
    async (client) => {
      const write = async (sql: string) => (await client.query(sql, [account])).rowCount ?? 0;
      // The two jobs may run concurrently. Without the lock, both would insert the same numbers.
      await lockNumbers(client, account);
      const closed = await write(`
      update telephone_numbers t
         set telephone_number = t.telephone_number, removed_at = now(), changed_at = now()
       where t.account_id = $1 and t.removed_at is null and ${comparison.scope}
         and not exists (select from ${staging} s where s.telephone_number = t.telephone_number)`);
      const updated = await write(comparison.update(staging));
      const accounts = context.accounts.length;
      const target = { table: 'telephone_numbers', accounts };
      const inserted = await fillTable(client, target, () => write(comparison.insert(staging)));
      await analyzeAfter(client, 'telephone_numbers', closed + updated + inserted);
      const changed = closed + updated;
      const intervals = await reconcileStatusHistory(client, account, { inserted, changed, accounts });
      await analyzeAfter(client, 'number_status_history', intervals);
      await forgetListing(client, context, comparison.listing);
      await afterwards(client);
      return { closed, updated, inserted, intervals };
    },
  );
  run.add({ rowsWritten: applied.closed + applied.updated + applied.inserted + intervals });
  return applied;
}
