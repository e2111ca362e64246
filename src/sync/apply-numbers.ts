import type pg from 'pg';
import { setCursorState } from './cursor.js';
import { fillTable } from './fill-table.js';
import type { JobContext } from './job.js';
import { keepJobOut, lockNumbers } from './lock.js';
import { detailColumnNames, detailsListing, inserviceListing } from './number-listings.js';
import { type AppliedChanges, RefusedListingError } from './refused-listing.js';
import { forgetListing, type SnapshotListing, stagingOf } from './snapshot.js';
import { reconcileStatusHistory } from './status-history.js';
import { inTransaction } from './transaction.js';

/** A snapshot would close more numbers than `TN_LEDGER_MAX_SHRINK` allows; it is held until it is accepted. */
export class ShrinkError extends RefusedListingError {
  override readonly name = 'ShrinkError';
}

// Inserts are in the key's order: PostgreSQL appends rising keys to the end of an index, which takes half the time of finding each
// key's place. A staging table is almost in that order, but one high number that came early is enough to lose it.

// Every update sets telephone_number, to itself: PostgreSQL 18 reads the expressions of stored generated columns anew for each
// row of an update that sets none of the columns they are made from, which takes ten times as long and leaks memory.

/** How one of the two listings is compared with `telephone_numbers`; every statement takes the account as `$1`. */
interface Comparison {
  listing: SnapshotListing;
  /** Open rows of `telephone_numbers t` that the listing could have named, of which those it lacks are closed. */
  scope: string;
  /** Rewrites rows whose number the listing names and whose contents differ. */
  update: (staging: string) => string;
  insert: (staging: string) => string;
}

const details = detailColumnNames.filter((name) => name !== 'telephone_number');

// The in-service list knows nothing but that a number is in service. A number that it lacks is closed if it was in service;
// one of another status (Aging) is known by the number details only, and theirs to close. A number that comes back has
// details of its former time, of which the in-service date is certainly no longer true. Until the number details name them, new
// numbers and those that come back are numbers without details.
const inserviceComparison: Comparison = {
  listing: inserviceListing,
  scope: `t.status = 'Inservice'`,
  update: (staging) => `
    update telephone_numbers t
       set telephone_number = s.telephone_number, status = 'Inservice', in_service_date = null, discrepancy = 'no details',
           removed_at = null, changed_at = now()
      from ${staging} s
     where t.account_id = $1 and t.telephone_number = s.telephone_number and t.removed_at is not null`,
  insert: (staging) => `
    insert into telephone_numbers (account_id, telephone_number, status, discrepancy)
    select $1, s.telephone_number, 'Inservice', 'no details' from ${staging} s
     where not exists (select from telephone_numbers t where t.account_id = $1 and t.telephone_number = s.telephone_number)
     order by s.telephone_number`,
};

// The proof of the number details left every number in it that is in service or of another status: what it lacks has left.
const detailsComparison: Comparison = {
  listing: detailsListing,
  scope: 'true',
  update: (staging) => `
    update telephone_numbers t
       set telephone_number = s.telephone_number, ${details.map((name) => `${name} = s.${name}`).join(', ')},
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

/** Compares the proved in-service list with the ledger: numbers it lacks are closed, new ones begun. */
export function applyInserviceNumbers(context: JobContext): Promise<AppliedChanges> {
  return apply(context, inserviceComparison);
}

/** Compares the proved number details with the ledger; an in-service list that waited for them is done with, too. */
export function applyNumberDetails(context: JobContext): Promise<AppliedChanges> {
  return apply(context, detailsComparison, async (client) => {
    const mayForget = await keepJobOut(client, 'sync-inservice-numbers', context.account);
    // Another run may be reading it just now; it will bring it in by itself.
    if (mayForget) await forgetListing(client, context, inserviceListing);
  });
}

/**
 * Refuses a snapshot that would close more of the account's numbers than allowed, and holds it, so that a run with
 * `--accept-shrink` within six hours goes on without reading it again.
 */
export async function guardShrink(context: JobContext, which: 'inservice' | 'details'): Promise<void> {
  const comparison = which === 'inservice' ? inserviceComparison : detailsComparison;
  if (context.options.acceptShrink) return;
  const { account, database, options } = context;
  const staging = stagingOf(context, comparison.listing).sql;
  const { rows } = await inTransaction(database, { settings, signal: context.signal }, (client) =>
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
  await setCursorState(database.pool, account, listing.name, 'held');
  const share = ((closing / open) * 100).toFixed(1);
  throw new ShrinkError(
    `The ${listing.title} of account ${account} would close ${closing} of its ${open} numbers (${share} %), more than the ` +
      `${(options.maxShrink * 100).toFixed(1)} % that TN_LEDGER_MAX_SHRINK allows.`,
    {
      hint: `Look whether the account really gave up so many numbers; if so: tn-ledger run ${context.job} --account ${account} --accept-shrink.`,
    },
  );
}

// The statements join the whole account: memory for one hash table each is cheap for the time that it saves.
const settings = { work_mem: '192MB' };

/** Closes, changes, begins, and brings the history in line, in one transaction with the end of the listing's staging. */
async function apply(
  context: JobContext,
  comparison: Comparison,
  afterwards: (client: pg.ClientBase) => Promise<void> = async () => undefined,
): Promise<AppliedChanges> {
  const { account, database, run, signal } = context;
  const staging = stagingOf(context, comparison.listing).sql;
  const { intervals, ...applied } = await inTransaction(database, { settings, signal }, async (client) => {
    const write = async (sql: string) => (await client.query(sql, [account])).rowCount ?? 0;
    // The two jobs may run side by side: one transaction at a time, or both would insert the same numbers.
    await lockNumbers(client, account);
    const closed = await write(`
      update telephone_numbers t
         set telephone_number = t.telephone_number, removed_at = now(), changed_at = now()
       where t.account_id = $1 and t.removed_at is null and ${comparison.scope}
         and not exists (select from ${staging} s where s.telephone_number = t.telephone_number)`);
    const updated = await write(comparison.update(staging));
    const inserted = await fillTable(client, 'telephone_numbers', () => write(comparison.insert(staging)));
    await analyzeAfter(client, 'telephone_numbers', closed + updated + inserted);
    const intervals = await reconcileStatusHistory(client, account, { inserted, changed: closed + updated });
    await analyzeAfter(client, 'number_status_history', intervals);
    await forgetListing(client, context, comparison.listing);
    await afterwards(client);
    return { closed, updated, inserted, intervals };
  });
  run.add({ rowsWritten: applied.closed + applied.updated + applied.inserted + intervals });
  return applied;
}

/** The planner's figures are those of before a large change: without new ones it picks plans made for an empty table. */
async function analyzeAfter(client: pg.ClientBase, table: string, rows: number): Promise<void> {
  if (rows > 10_000) await client.query(`analyze ${table}`);
}
