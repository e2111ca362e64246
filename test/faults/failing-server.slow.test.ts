import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import pg from 'pg';
import { openDatabase } from '../../src/database/connect.js';
import { accountForServer } from '../../src/database/embedded/account.js';
import { canMount } from '../database/support/accounts.js';
import { makePlace } from '../database/support/place.js';
import { openLedgerDatabase } from '../support/ledger-database.js';
import { onlyIf } from '../support/only-if.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { recordProof } from '../support/proof.js';
import { ledgerVersions, progress } from '../sync/support/contents.js';
import { account, openLedger } from '../sync/support/ledger.js';
import { openComparison } from './support/comparison.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.beforeEach(async (t) => {
  t.context.server = await startPostgres();
});
test.afterEach.always((t) => t.context.server?.stop());

const jobs = ['sync-inservice-numbers', 'sync-orders'];

const withDisk = onlyIf(test, canMount, 'needs root and the right to mount');

withDisk(
  'a run on a full disk fails by name, and stores what an undisturbed run does once there is space',
  async (t) => {
    const { server } = t.context;
    const { base } = await makePlace(t, 'empty');
    const folder = join(base, 'small');
    await mkdir(folder);
    const owner = await accountForServer();
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=1m,uid=${owner?.uid},mode=700`, 'tn-ledger-test', folder]);
    t.teardown(() => execFileSync('umount', ['--lazy', folder]));
    const compared = await openComparison(t, server, jobs);
    await compared.undisturb(t);
    const { database, superuserUrl } = await openLedgerDatabase(t, server);
    const superuser = new pg.Client({ connectionString: superuserUrl });
    await superuser.connect();
    t.teardown(() => superuser.end());
    await superuser.query(`create tablespace small location '${folder}'`);
    await superuser.query('grant create on tablespace small to public');
    await superuser.query('create table filler tablespace small as select');
    // Everything that a run stores first goes to staging tables, which are on this disk from now on.
    await superuser.query('alter role tn_ledger set default_tablespace = small');
    await t.throwsAsync(superuser.query(`insert into filler select from generate_series(1, 100000)`), {
      code: '53100',
    });
    const before = await ledgerVersions({
      query: async (sql, values) => (await database.pool.query(sql, values)).rows,
    });
    const failure = await compared.run(database);
    t.regex(failure?.message ?? '', /^The database 127\.0\.0\.1:\d+\/\w+ has no disk space left: /);
    const query: Parameters<typeof ledgerVersions>[0]['query'] = async (sql, values) =>
      (await database.pool.query(sql, values)).rows;
    t.deepEqual(await ledgerVersions({ query }), before);
    execFileSync('mount', ['-o', 'remount,size=64m', folder]);
    t.is((await compared.run(database))?.message, undefined);
    t.deepEqual(await compared.differences(database), []);
  },
);

test('a server that becomes read-only during a run fails it by name, and the next run resumes', async (t) => {
  const { superuser } = t.context.server;
  const compared = await openComparison(t, t.context.server, jobs);
  await compared.undisturb(t);
  const { database } = await compared.empty(t);
  const setReadOnly = async (value: 'on' | 'off') => {
    await superuser.query(`alter system set default_transaction_read_only = ${value}`);
    await superuser.query('select pg_reload_conf()');
    // New sessions have the setting when the server has read it.
    for (;;) {
      const { rows } = await superuser.query(
        `select setting from pg_settings where name = 'default_transaction_read_only'`,
      );
      if (rows[0].setting === value) return;
    }
  };
  const { proxy } = compared.ledger;
  proxy.onRequest = async ({ path, query }) => {
    if (path.endsWith('/orders') && query.has('page')) await setReadOnly('on');
  };
  const error = await compared.run(database);
  t.regex(error?.message ?? '', /^The database 127\.0\.0\.1:\d+\/\w+ is read-only: /);
  proxy.onRequest = () => undefined;
  await setReadOnly('off');
  t.is((await compared.run(database))?.message, undefined);
  t.deepEqual(await compared.differences(database), []);
});

for (const mode of ['access exclusive', 'share'] as const) {
  test(`a run gives up waiting for a table that an analyst locked in ${mode} mode, and names the session`, async (t) => {
    const compared = await openComparison(t, t.context.server, ['sync-inservice-numbers']);
    await compared.undisturb(t);
    const { ledger } = compared;
    ledger.sandbox.account(account).churn(20);
    const analyst = new pg.Client({ connectionString: ledger.env.DATABASE_URL, application_name: 'psql' });
    await analyst.connect();
    t.teardown(() => analyst.end());
    const { rows } = await analyst.query('select pg_backend_pid() as pid');
    const before = await ledgerVersions(ledger, progress);
    await analyst.query(`begin; lock table tn_ledger.telephone_numbers in ${mode} mode`);
    const database = await openDatabase({
      ...{ databaseUrl: ledger.env.DATABASE_URL, dataDir: '/nonexistent', applicationName: 'tn-ledger' },
      ...{ log: () => undefined, lockTimeoutMs: 600, lockWatch: { everyMs: 20 } },
    });
    t.teardown(() => database.close());
    const message = (await compared.run(database))?.message ?? '';
    t.regex(message, /wait for a lock on .*telephone_numbers for longer than TN_LEDGER_LOCK_TIMEOUT=0\.6s allows: /);
    t.regex(
      message,
      new RegExp(`blocked by pid ${rows[0].pid} of tn_ledger \\(psql\\), whose transaction started \\d+ s`),
    );
    await analyst.query('rollback');
    t.deepEqual(await ledgerVersions(ledger, progress), before);
    t.is((await compared.run(database))?.message, undefined);
  });
}

test('a statement that never ends is canceled when the run hits its deadline', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 20 } });
  await ledger.query(
    `create function tn_ledger.hang() returns trigger language plpgsql as 'begin perform pg_sleep(600); return new; end'`,
  );
  await ledger.query(
    'create trigger hang before insert on sync_cursors for each row execute function tn_ledger.hang()',
  );
  const { error } = await ledger.run('sync-inservice-numbers', { jobDeadlineMs: 100 });
  t.regex(
    error?.message ?? '',
    /^sync-inservice-numbers of account 9900000 hit TN_LEDGER_JOB_DEADLINE=0\.1s and was stopped/,
  );
  t.deepEqual(await ledger.query(`select from pg_stat_activity where wait_event = 'PgSleep'`), []);
  await ledger.query('drop function tn_ledger.hang() cascade');
  t.is((await ledger.run('sync-inservice-numbers')).result, 'succeeded');
});

test.after('the proof of this file', () => {
  recordProof({
    promise:
      'A run that its database server stops fails by name, and the next run leaves what an undisturbed run leaves.',
    faults: 'a full disk, a server that becomes read-only, locked tables, a statement that never ends',
    points: 5,
    lost: 0,
    command: 'npm run test:slow',
  });
});
