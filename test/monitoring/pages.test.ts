import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { Registry } from 'prom-client';
import { type Database, openDatabase } from '../../src/database/connect.js';
import { inTransaction } from '../../src/database/transaction.js';
import { createLedgerReader } from '../../src/monitoring/ledger-reader.js';
import { createPages } from '../../src/monitoring/pages.js';
import { storeResult } from '../../src/stored-files/result-files.js';
import { makeFolder, until } from '../end-to-end/support.js';
import { startDatabaseProxy } from '../support/database-proxy.js';
import { openLedgerDatabase } from '../support/ledger-database.js';
import { startPostgres, type TestServer } from '../support/postgres.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

interface Setup {
  accounts?: readonly string[];
  jobs?: readonly string[];
  dataDir?: string;
}

/** The pages of a ledger at a URL. */
function pagesAt(t: ExecutionContext<unknown>, url: string, { accounts = ['1', '2'], ...setup }: Setup = {}) {
  const { dataDir = '/nonexistent', jobs = ['nightly', 'sync-orders'] } = setup;
  const warnings: string[] = [];
  const reader = createLedgerReader({
    open: (signal) =>
      openDatabase({ databaseUrl: url, dataDir, applicationName: 'tn-ledger tests', log: () => undefined, signal }),
    ...{ accounts, jobs },
    log: { warn: ((text: string) => warnings.push(text)) as never, info: () => undefined },
  });
  t.teardown(reader.close);
  const options = { usage: () => new Map(), processMetrics: new Registry(), redact: (text: string) => text };
  const answer = createPages({ reader, dataDir, ...options, isStopping: () => false });
  return {
    warnings,
    async get(path: string) {
      const found = await answer(path);
      return found && { status: found.status, body: String(found.body) };
    },
    metrics: async () => String((await answer('/metrics'))?.body).split('\n'),
  };
}

const addRun = ({ pool }: Database, values: string) =>
  pool.query(
    `insert into sync_runs (account_id, job, status, started_at, finished_at, pages, warnings) values ${values}`,
  );

const storeReport = (database: Database, account: string, html: string) =>
  inTransaction(database, {}, (client) =>
    storeResult(client, { account, kind: 'report', name: 'r.html', content: [html], runId: '1' }),
  );

test('the metrics have the last success and the last ended run of each job, and count numbers once after each run', async (t) => {
  const { database, url } = await openLedgerDatabase(t, t.context.server);
  await addRun(
    database,
    `('1', 'nightly', 'succeeded', to_timestamp(1000), to_timestamp(1060), 7, '[]'),
     ('1', 'nightly', 'failed', to_timestamp(2000), to_timestamp(2005), 1, '["a"]'),
     ('1', 'nightly', 'running', to_timestamp(3000), null, 0, '[]'),
     ('1', 'gone', 'succeeded', to_timestamp(10), to_timestamp(11), 0, '[]'),
     ('other', 'nightly', 'succeeded', to_timestamp(10), to_timestamp(11), 0, '[]'),
     ('1', 'sync-number-details', 'succeeded', to_timestamp(10), to_timestamp(11), 0, '[]')`,
  );
  const addNumbers = (account: string, status: string, from: number, to: number) =>
    database.pool.query(
      `insert into telephone_numbers (account_id, telephone_number, status)
       select $1, '+1919555' || number, $2 from generate_series($3::int, $4) as number`,
      [account, status, from, to],
    );
  await addNumbers('1', 'Inservice', 1000, 1004);
  await addNumbers('1', 'Aging', 2000, 2001);
  const { metrics } = pagesAt(t, url, { jobs: ['nightly', 'sync-number-details'] });
  const lines = await metrics();
  for (const line of [
    'tn_ledger_up 1',
    'tn_ledger_job_last_success_timestamp_seconds{account="1",job_name="nightly"} 1060',
    'tn_ledger_job_last_run_timestamp_seconds{account="1",job_name="nightly"} 2005',
    'tn_ledger_job_last_run_success{account="1",job_name="nightly"} 0',
    'tn_ledger_job_last_run_duration_seconds{account="1",job_name="nightly"} 5',
    'tn_ledger_job_last_run_warnings{account="1",job_name="nightly"} 1',
    'tn_ledger_job_last_success_timestamp_seconds{account="2",job_name="nightly"} 0',
    'tn_ledger_queue_runs{state="waiting"} 0',
  ]) {
    t.true(lines.includes(line), line);
  }
  t.notRegex(lines.join('\n'), /"gone"|"other"/);
  const inService = async () =>
    (await metrics()).find((line) => line.startsWith('tn_ledger_numbers{account="1",status="I'));
  await until(async () => (await inService()) !== undefined);
  t.true((await metrics()).includes('tn_ledger_numbers{account="1",status="Aging"} 2'));
  // Read after the numbers.
  await until(async () => (await metrics()).includes('tn_ledger_details_backlog{account="2",table="orders"} 0'));
  await addNumbers('1', 'Inservice', 3000, 3000);
  await metrics();
  t.is(await inService(), 'tn_ledger_numbers{account="1",status="Inservice"} 5', 'not counted again for each scrape');
  await addRun(database, `('1', 'sync-number-details', 'succeeded', to_timestamp(20), to_timestamp(21), 0, '[]')`);
  await until(async () => (await inService()) === 'tn_ledger_numbers{account="1",status="Inservice"} 6');
});

test('without configured accounts, the metrics are those of all accounts that any run was for', async (t) => {
  const { database, url } = await openLedgerDatabase(t, t.context.server);
  t.notRegex((await pagesAt(t, url, { accounts: [] }).metrics()).join('\n'), /account="/);
  await addRun(
    database,
    ['1', '1', '2', '3'].map((account) => `('${account}', 'nightly', 'failed', now(), now(), 0, '[]')`).join(),
  );
  const lines = await pagesAt(t, url, { accounts: [] }).metrics();
  t.is(lines.filter((line) => line.startsWith('tn_ledger_job_last_run_success{')).length, 3);
});

test('a figure is found by index: scraping reads no more of a long history of runs', async (t) => {
  const { database, url } = await openLedgerDatabase(t, t.context.server);
  await database.pool.query(
    `insert into sync_runs (account_id, job, status, started_at, finished_at)
     select '1', job, 'succeeded', now() - n * interval '1 minute', now() - n * interval '1 minute'
       from generate_series(1, 20000) as n cross join unnest('{nightly,sync-orders}'::text[]) as job`,
  );
  await database.pool.query('analyze sync_runs');
  const readRows = async () => {
    const { rows } = await database.pool.query(
      `select seq_tup_read + coalesce(idx_tup_fetch, 0) as read from pg_stat_user_tables where relname = 'sync_runs'`,
    );
    return Number(rows[0].read);
  };
  const flush = () => database.pool.query('select pg_stat_force_next_flush()');
  await flush();
  const before = await readRows();
  const { get, metrics } = pagesAt(t, url);
  t.true((await metrics()).includes('tn_ledger_up 1'));
  // Another transaction of its connections reports what the scrape read.
  await until(async () => {
    await get('/healthz');
    return (await readRows()) > before;
  });
  t.true((await readRows()) - before < 200, `${(await readRows()) - before} rows`);
});

test('health and readiness follow the database and its schema; a database that hangs takes the time limit', async (t) => {
  const { database, url } = await openLedgerDatabase(t, t.context.server);
  const proxy = await startDatabaseProxy(t, url);
  const { get, metrics, warnings } = pagesAt(t, proxy.url);
  t.deepEqual(await get('/healthz'), { status: 200, body: '{"status":"ok","problems":[]}\n' });
  t.is((await get('/readyz'))?.status, 200);
  await database.pool.query(`delete from knex_migrations where name like '0011%'`);
  t.is((await get('/healthz'))?.status, 200);
  t.like(await get('/readyz'), {
    status: 503,
    body: '{"status":"failing","problems":["The schema is not up to date. `tn-ledger migrate` updates it."]}\n',
  });
  proxy.partition();
  t.is((await get('/healthz'))?.status, 503);
  t.true((await metrics()).includes('tn_ledger_up 0'));
  t.true((await metrics()).includes('tn_ledger_up 0'));
  t.is(warnings.length, 1, 'one warning until it is back');
  t.is((await get('/'))?.status, 503);
});

test('the front page is the latest report of the only account, or a list of those of several', async (t) => {
  const { database, url } = await openLedgerDatabase(t, t.context.server);
  const { get } = pagesAt(t, url);
  t.regex(String((await get('/'))?.body), /There is no report yet/);
  await storeReport(database, '1', '<p>one</p>');
  t.deepEqual(await get('/'), { status: 200, body: '<p>one</p>' });
  await storeReport(database, '2', '<p>two</p>');
  t.regex(String((await get('/'))?.body), /href="\/reports\/latest\/1".*\n?.*href="\/reports\/latest\/2"/);
  t.deepEqual(await get('/reports/latest/2'), { status: 200, body: '<p>two</p>' });
  t.is((await get('/reports/latest/3'))?.status, 404);
  await database.pool.query(`update result_file_parts set content = 'x' where account_id = '2'`);
  const damaged = await get('/reports/latest/2');
  t.is(damaged?.status, 503);
  t.regex(String(damaged?.body), /is damaged/);
});

test('the reports of this host are listed, newest first, and read; links and other files are not', async (t) => {
  const { url } = await openLedgerDatabase(t, t.context.server);
  const dataDir = await makeFolder(t);
  const { get } = pagesAt(t, url, { dataDir });
  t.regex(String((await get('/reports/'))?.body), /<p>None\.<\/p>/);
  await mkdir(join(dataDir, 'reports'));
  const path = (name: string) => join(dataDir, 'reports', name);
  const [old, recent, linked] = ['1-2026-11-20', '2-2026-11-21', '1-2026-11-22'].map(
    (each) => `report-${each}T060501Z.html`,
  ) as [string, string, string];
  for (const name of [old, recent, '.env', 'report-1.html', `${old}.bak`]) await writeFile(path(name), `of ${name}`);
  await writeFile(join(dataDir, 'secret'), 'secret');
  await symlink(join(dataDir, 'secret'), path(linked));
  await mkdir(path('report-2026-11-23T060501Z.html'));
  const listed = [...String((await get('/reports'))?.body).matchAll(/href="\/reports\/(report[^"]*)"/g)];
  t.deepEqual(
    listed.map(([, name]) => name),
    [recent, old],
  );
  t.deepEqual(await get(`/reports/${old}`), { status: 200, body: `of ${old}` });
  for (const name of [linked, '.env', 'report-1.html', `${old}.bak`, 'report-2026-11-23T060501Z.html', '../secret'])
    t.is(await get(`/reports/${name}`), undefined, name);
});

test('a folder of reports that is a link shows nothing', async (t) => {
  const { url } = await openLedgerDatabase(t, t.context.server);
  const [dataDir, elsewhere] = [await makeFolder(t), await makeFolder(t)];
  const name = 'report-2026-11-20T060501Z.html';
  await writeFile(join(elsewhere, name), 'x');
  await symlink(elsewhere, join(dataDir, 'reports'));
  const { get } = pagesAt(t, url, { dataDir });
  t.regex(String((await get('/reports/'))?.body), /<p>None\.<\/p>/);
  t.is(await get(`/reports/${name}`), undefined);
});
