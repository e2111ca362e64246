import type pg from 'pg';
import type { DashboardClient } from '../dashboard/client.js';
import { CredentialsError } from '../dashboard/errors.js';
import { readFeatures } from '../dashboard/number-assignments.js';
import { LedgerError, messageOf } from '../errors.js';

const feature = 'TN_ASSIGNMENT';
/** An inventory older than this is said to be. */
const oldInventoryHours = 36;

/** The jobs that bring the inventory in: either of them alone is enough. */
const inventoryJobs = ['sync-inservice-numbers', 'sync-number-details'];

/**
 * Checks that the account may declare numbers at all. Where that can't be read, it is said, and the orders will tell.
 *
 * @throws {LedgerError} the account may not
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
    options.warn(`Whether account ${account} may declare numbers (${feature}) could not be read: ${messageOf(error)}`);
    return;
  }
  if (features.has(feature)) return;
  throw new LedgerError(
    `Account ${account} does not have the feature ${feature}: Bandwidth would refuse every order (12752). Nothing was sent.`,
    { hint: 'Ask Bandwidth to enable number assignment for the account.' },
  );
}

/**
 * Checks that the ledger knows the account's numbers, and says so where it knows them from longer ago than a night and a half.
 *
 * @throws {LedgerError} it never read them
 */
export async function checkInventory(
  db: pg.ClientBase | pg.Pool,
  account: string,
  warn: (sentence: string) => void,
): Promise<void> {
  const { rows } = await db.query(
    `select extract(epoch from clock_timestamp() - max(started_at))::float8 / 3600 as hours
       from sync_runs where account_id = $1 and job = any($2) and status = 'succeeded'`,
    [account, inventoryJobs],
  );
  const hours: number | null = rows[0].hours;
  if (hours === null) {
    throw new LedgerError(
      `The ledger does not know the numbers of account ${account} yet, and can't check the file against them. Nothing was sent.`,
      { hint: 'Bring them in first: --sync-first, or tn-ledger run sync-inservice-numbers.' },
    );
  }
  if (hours > oldInventoryHours) {
    warn(
      `The inventory of account ${account} is ${Math.floor(hours)} hours old: numbers that came or went since are judged by it (--sync-first refreshes it)`,
    );
  }
}
