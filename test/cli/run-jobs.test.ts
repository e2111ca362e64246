import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { jobs } from '../../jobs/index.js';
import { runAll } from '../../src/cli/run-jobs.js';
import { withApiSession } from '../../src/cli/session.js';
import { CredentialsError } from '../../src/dashboard/errors.js';
import { exitStatus } from '../../src/errors.js';
import type { RunReport } from '../../src/run/job.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { type Ledger, openLedger } from '../sync/support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const list = jobs.filter(({ name }) => name === 'sync-inservice-numbers');
const accounts = ['9900000', '9900001', '9900002'].map((id) => ({ id, numbers: 20 }));

/** Runs a job with an accounts file, as the command line does. */
async function runWith(
  t: ExecutionContext,
  ledger: Ledger,
  file: string,
  options: { account?: string } = {},
): Promise<RunReport[]> {
  writeFileSync(join(ledger.dataDir, 'accounts.yaml'), file);
  const { BANDWIDTH_ACCOUNT_ID: _replaced, ...rest } = ledger.env;
  const env = {
    ...rest,
    TN_LEDGER_ACCOUNTS_FILE: 'accounts.yaml',
    TN_LEDGER_DATA_DIR: ledger.dataDir,
    TN_LEDGER_LOG_LEVEL: 'error',
    TN_LEDGER_CONCURRENT_ACCOUNTS: '3',
    GOOD: ledger.sandbox.clientSecret,
    BAD: 'expired',
  };
  let reports: RunReport[] = [];
  await withApiSession({ env, cwd: ledger.dataDir }, async (session) => {
    reports = await runAll(session, list, options);
    return exitStatus.done;
  });
  t.is(process.exitCode, 0);
  return reports;
}

const resultsOf = (reports: readonly RunReport[]) => reports.map(({ account, result }) => [account, result]);

test.serial('rejected credentials of the accounts file stop only the accounts that use them', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { accounts } });
  const reports = await runWith(
    t,
    ledger,
    `credentials:
  old: {client_id: ${ledger.sandbox.clientId}, client_secret: {variable: BAD}}
  new: {client_id: ${ledger.sandbox.clientId}, client_secret: {variable: GOOD}}
accounts:
  - {id: 9900000, credentials: old}
  - {id: 9900001, credentials: new}
  - {id: 9900002}
`,
  );
  t.deepEqual(resultsOf(reports), [
    ['9900000', 'failed'],
    ['9900001', 'succeeded'],
    ['9900002', 'succeeded'],
  ]);
  const [{ error }] = reports as [RunReport];
  t.true(error instanceof CredentialsError);
  t.is(
    (error as CredentialsError).hint,
    'Check client_id and client_secret of old in TN_LEDGER_ACCOUNTS_FILE, and that the client credentials are still valid.',
  );
});

test.serial('--account accepts a label of the accounts file, and each account has its own limits', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { accounts } });
  const file = 'accounts: [{id: 9900000}, {id: 9900001, label: East, concurrency: 1, requests_per_minute: 5}]\n';
  t.deepEqual(resultsOf(await runWith(t, ledger, file, { account: 'East' })), [['9900001', 'succeeded']]);
});
