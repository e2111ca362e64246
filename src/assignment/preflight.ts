import type pg from 'pg';
import type { DashboardClient } from '../dashboard/client.js';
import { CredentialsError } from '../dashboard/errors.js';
import { readFeatures } from '../dashboard/number-assignments.js';
import { LedgerError, messageOf } from '../errors.js';

const feature = 'TN_ASSIGNMENT';
/** Warn when the inventory is older than this. */
const staleInventoryHours = 36;

/** The jobs that load the inventory: either one is enough. */
const inventoryJobs = ['sync-inservice-numbers', 'sync-number-details'];

/**
 * Checks that number assignment is enabled for the account. If that can't be read, it warns and leaves the answer
 * to Bandwidth's response to the orders.
 *
 * @throws {LedgerError} if the feature isn't enabled
 */
export async function checkFeature(
  client: DashboardClient,
  account: string,
  options: { signal: AbortSignal; warn: (sentence: string) => void },
): Promise<void> {
  let features: Set<string>;
  try {
    features = await readFeatures(client, { account, signal: options.signal });
  } catch (error) {
    options.signal.throwIfAborted();
    if (error instanceof CredentialsError) throw error;
    options.warn(`Could not check whether account ${account} has the feature ${feature}: ${messageOf(error)}`);
    return;
  }
  if (features.has(feature)) return;
  throw new LedgerError(
    `Account ${account} doesn't have the feature ${feature}: Bandwidth would refuse every order (12752). Nothing was sent.`,
    { hint: 'Ask Bandwidth to enable number assignment for the account.' },
  );
}

/** The job that loads which numbers are marked, whoever marked them. */
const assignmentJobs = ['sync-number-assignments'];

/**
 * Checks that the ledger has the account's inventory, and warns if it is more than 36 hours old.
 *
 * @throws {LedgerError} if the inventory was never loaded
 */
export async function checkInventory(
  db: pg.ClientBase | pg.Pool,
  account: string,
  warn: (sentence: string) => void,
): Promise<void> {
  const hours = await hoursSince(db, account, inventoryJobs);
  if (hours === undefined) {
    throw new LedgerError(
      `The inventory of account ${account} isn't loaded yet, so the file can't be checked against it. Nothing was sent.`,
      { hint: 'Load it first: tn-ledger run sync-inservice-numbers, or tn-ledger assign with --sync-first.' },
    );
  }
  if (hours > staleInventoryHours) {
    warn(
      `The inventory of account ${account} is ${Math.floor(hours)} hours old, and numbers added or removed since are checked against it (assign --sync-first refreshes it)`,
    );
  }
}

/**
 * Does the same for `reconcile`, and checks that the ledger has the account's assignment orders: without them, every number looks as
 * if nobody had marked it.
 *
 * @throws {LedgerError} if either was never loaded
 */
export async function checkReconcilable(
  db: pg.ClientBase | pg.Pool,
  account: string,
  warn: (sentence: string) => void,
): Promise<void> {
  const parts = [
    ['inventory', inventoryJobs],
    ['assignment orders', assignmentJobs],
  ] as const;
  for (const [what, jobs] of parts) {
    const hours = await hoursSince(db, account, jobs);
    if (hours === undefined) {
      throw new LedgerError(
        `The ledger doesn't have the ${what} of account ${account} yet, so the file can't be compared with it. Nothing was sent.`,
        { hint: 'Load the account first: tn-ledger run nightly, or tn-ledger reconcile with --sync-first.' },
      );
    }
    if (hours > staleInventoryHours) {
      warn(
        `The ledger's ${what} of account ${account} ${what === 'inventory' ? 'is' : 'are'} ${Math.floor(hours)} hours old, and the file is compared with that state (reconcile --sync-first refreshes it)`,
      );
    }
  }
}

/** How long ago the latest successful run of one of the jobs started; undefined if there was none. */
async function hoursSince(
  db: pg.ClientBase | pg.Pool,
  account: string,
  jobs: readonly string[],
): Promise<number | undefined> {
  const { rows } = await db.query(
    `select extract(epoch from clock_timestamp() - max(started_at))::float8 / 3600 as hours
       from sync_runs where account_id = $1 and job = any($2) and status = 'succeeded'`,
    [account, jobs],
  );
  return rows[0].hours ?? undefined;
}
