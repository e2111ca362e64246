import anyTest, { type TestFn } from 'ava';
import { faultKinds } from '../../src/sandbox/server.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { recordProof } from '../support/proof.js';
import { seed } from '../support/seed.js';
import { size } from '../support/sizes.js';
import { ledgerVersions, progress } from '../sync/support/contents.js';
import { account } from '../sync/support/ledger.js';
import { runWithFaults } from './support/api-faults.js';
import { openComparison } from './support/comparison.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

/** Faults that pass. `lost-answer` concerns orders, which are tested with them in test/assignment. */
const passing = faultKinds.filter((kind) => kind !== 'short-list' && kind !== 'lost-answer');

test('with each kind of fault and all together, runs store what undisturbed ones do', async (t) => {
  t.timeout(10 * 60_000);
  const jobs = ['sync-inservice-numbers', 'sync-orders', 'sync-number-assignments'];
  const compared = await openComparison(t, t.context.server, jobs, { sandbox: { seed: 1 + (seed % 1000) } });
  await compared.undisturb(t);
  const together = (rate: number) => Object.fromEntries(passing.map((kind) => [kind, rate / passing.length]));
  const rates = [0.01, 0.05, 0.2];
  const each = passing.flatMap((kind) => rates.map((rate) => ({ [kind]: rate })));
  const chosen = size({ test: [together(0.2)], soak: [...each, ...rates.map(together)] });
  let met = 0;
  for (const faults of chosen) met += await runWithFaults(t, compared, faults);
  recordProof({
    promise: 'A run against an API with faults leaves what an undisturbed run leaves.',
    faults: passing.join(', '),
    points: met,
    lost: 0,
    command: 'npm run test:soak',
  });
});

test('a list that is short at any rate fails by name and closes no number', async (t) => {
  const jobs = ['sync-inservice-numbers'];
  const { ledger, undisturb, run } = await openComparison(t, t.context.server, jobs);
  await undisturb(t);
  ledger.sandbox.account(account).churn(20);
  const before = await ledgerVersions(ledger, progress);
  for (const rate of [0.05, 0.2, 1]) {
    ledger.sandbox.faults = { 'short-list': rate };
    const error = await run(ledger.database);
    t.regex(error?.message ?? '', /^The in-service list of account 9900000 is not complete: /);
    t.deepEqual(await ledgerVersions(ledger, progress), before);
  }
});
