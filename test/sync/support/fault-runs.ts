import type { ExecutionContext } from 'ava';
import { faultKinds } from '../../../src/sandbox/server.js';
import type { TestServer } from '../../support/postgres.js';
import { account, leftovers, openLedger } from './ledger.js';
import { watchRuns } from './watch-runs.js';

/** Every transient fault of read requests. `short-list` is permanent, and the others affect only requests that place an order. */
const passing = faultKinds.filter((kind) => kind !== 'short-list' && kind !== 'lost-answer');

/**
 * Two runs with every kind of fault at a rate of 5 %. The account changes between them. A run that gives up on a request is
 * repeated, as an operator would. Returns how many requests met a fault.
 */
export async function runsWithFaults(
  t: ExecutionContext,
  server: TestServer,
  { numbers, changes, pageSize, seed }: { numbers: number; changes: number; pageSize: number; seed: number },
): Promise<number> {
  const ledger = await openLedger(t, server, {
    sandbox: { numbers, seed },
    pageSize,
    // Short waits for a fast test; the number of retries is unchanged.
    client: { timeouts: { firstByteMs: 1000, betweenBytesMs: 300 }, retry: { baseMs: 5 } },
  });
  const watch = watchRuns(ledger);
  const met = new Map<string, number>();
  ledger.sandbox.faults = Object.fromEntries(passing.map((kind) => [kind, 0.05]));
  for (const changed of [0, changes]) {
    if (changed > 0) ledger.sandbox.account(account).churn(changed, seed);
    let runs = 0;
    for (let done = false; !done; runs += 1) {
      t.true(runs < 5, 'five runs do not complete it');
      const report = await ledger.run('nightly');
      done = report.result === 'succeeded';
      if (!done) t.log(`run again: ${report.error?.message}`);
    }
    await watch.compare(t);
  }
  for (const { fault } of ledger.sandbox.requests) {
    if (fault !== undefined) met.set(fault, (met.get(fault) ?? 0) + 1);
  }
  t.log(`${ledger.sandbox.requests.length} requests; faults met: ${JSON.stringify([...met])}`);
  for (const kind of passing) t.true(met.has(kind), `${kind} was never met`);
  t.deepEqual(await leftovers(ledger), []);
  return [...met.values()].reduce((sum, count) => sum + count, 0);
}
