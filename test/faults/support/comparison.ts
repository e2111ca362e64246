import type { ExecutionContext } from 'ava';
import type { Database } from '../../../src/database/connect.js';
import { type Contents, compareContents } from '../../support/compare-contents.js';
import { openLedgerDatabase, type TestLedgerDatabase } from '../../support/ledger-database.js';
import type { TestServer } from '../../support/postgres.js';
import { type Ledger, type LedgerOptions, openLedger } from '../../sync/support/ledger.js';
import { contentsOf } from './contents.js';

/** When everything in the sandbox happens, long before any run. */
const now = new Date('2026-06-15T12:00:00Z');
const afterwards = new Date('2026-06-16T12:00:00Z');

/** The jobs whose lists are compared, each of another kind: snapshots, windows with and without pages, and files. */
export const comparedJobs = [
  ...['sync-inservice-numbers', 'sync-number-details', 'sync-orders', 'sync-disconnects', 'sync-portins'],
  ...['sync-number-assignments', 'fetch-billing-reports'],
];

/** A sandbox, and what undisturbed runs against it leave. */
export interface Comparison {
  /** Its own database has what `undisturb` left. */
  ledger: Ledger;
  /** Runs the jobs undisturbed on the ledger's own database, whose contents are the ones to be expected from now on. */
  undisturb(t: ExecutionContext): Promise<void>;
  /** An empty ledger for the same sandbox. */
  empty(t: ExecutionContext): Promise<TestLedgerDatabase>;
  /** Runs the jobs in order, until one fails; returns the error. */
  run(database: Database): Promise<Error | undefined>;
  /** What differs from the undisturbed ledger. */
  differences(database: Database): Promise<string[]>;
}

/** @param jobs what a run consists of */
export async function openComparison(
  t: ExecutionContext,
  server: TestServer,
  jobs: readonly string[],
  { sandbox, client, ...options }: LedgerOptions = {},
): Promise<Comparison> {
  const orders = { orders: 20, disconnects: 6, portins: 6, portouts: 3, assignments: 8 };
  const ledger = await openLedger(t, server, {
    sandbox: { numbers: 300, ...orders, now, assignmentPace: { ms: 0 }, ...sandbox },
    pageSize: 20,
    billing: { types: ['BDR'] },
    // Short waits for a fast test; the number of retries is unchanged.
    client: { timeouts: { firstByteMs: 400, betweenBytesMs: 200 }, retry: { baseMs: 2 }, ...client },
    ...options,
  });
  let expected: Contents = new Map();
  const run = async (database: Database) => {
    for (const job of jobs) {
      const { result, error } = await ledger.run(job, { database, now });
      if (result !== 'succeeded') return error;
    }
    return undefined;
  };
  return {
    ledger,
    async undisturb(test) {
      test.is((await run(ledger.database))?.message, undefined);
      expected = await contentsOf(ledger.database, afterwards);
    },
    empty: (test) => openLedgerDatabase(test, server),
    run,
    differences: async (database) => compareContents(await contentsOf(database, afterwards), expected),
  };
}
