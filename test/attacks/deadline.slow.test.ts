import anyTest, { type TestFn } from 'ava';
import { DeadlineError } from '../../src/run/run-job.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { openLedger } from '../sync/support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

for (const job of ['sync-inservice-numbers', 'nightly']) {
  test(`${job} whose API stops answering fails at its deadline, by name, and the next run resumes`, async (t) => {
    const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 300 }, pageSize: 100 });
    let answer = () => {};
    const silence = new Promise<void>((resolve) => {
      answer = resolve;
    });
    ledger.proxy.onRequest = async ({ nth }) => {
      if (nth >= 3) await silence;
    };
    const { result, error } = await ledger.run(job, { jobDeadlineMs: 700 });
    answer();
    t.is(result, 'failed');
    t.true(error instanceof DeadlineError, error?.message);
    t.is(
      error?.message,
      `${job} of account 9900000 hit TN_LEDGER_JOB_DEADLINE=0.7s and was stopped. Its committed data is kept.`,
    );
    const runs = await ledger.query<{ status: string; error: string }>('select status, error from sync_runs');
    t.true(runs.length > 0);
    for (const run of runs) t.deepEqual(run, { status: 'failed', error: error?.message ?? '' });
    const again = await ledger.run(job);
    t.is(again.error, undefined);
    const held = [...ledger.sandbox.account('9900000').numbers()].filter(({ status }) => status === 'Inservice').length;
    const inService = `select count(*)::int as count from telephone_numbers where status = 'Inservice'`;
    t.deepEqual(await ledger.query(inService), [{ count: held }]);
  });
}
