import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import { cli, makeFolder } from '../end-to-end/support.js';
import { openLedgerDatabase } from '../support/ledger-database.js';
import { startPostgres, type TestServer } from '../support/postgres.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

test('prune removes old runs, reports, archives and staging tables, and keeps what is still needed', async (t) => {
  const { database, url } = await openLedgerDatabase(t, t.context.server);
  const cwd = await makeFolder(t);
  const { pool } = database;
  // 600 days of runs, one a day; the other account's last success is older than all that is kept, and its last run failed.
  await pool.query(`
    insert into sync_runs (job, account_id, status, started_at, finished_at, changes_until)
    select 'nightly', '1', 'succeeded', at, at, at from generate_series(now() - interval '599 days', now(), '1 day') at;
    insert into sync_runs (job, account_id, status, started_at, finished_at, changes_until)
    select 'nightly', '2', case when n <= 20 then 'succeeded' else 'failed' end, at, at, at
      from generate_series(1, 40) n, lateral (select now() - interval '700 days' + n * interval '1 day' as at) as day;
    insert into nruf_filings (as_of, form, aging_days, gaps_allowed, created_at, file_name, content, sha256, row_count)
    values ('2015-12-31', 'u4', 45, false, '2016-01-20', 'old.csv', 'a', 'b', 0);
    insert into number_status_history (account_id, telephone_number, status, valid_from, valid_to)
    values ('1', '9195551000', 'Inservice', '2005-01-01', '2006-01-01');
    create schema tn_ledger_staging;
    create table tn_ledger_staging."orders 1" ();
    create table tn_ledger_staging."orders 2" ();
    create table tn_ledger_staging."orders 3" ();
    create table tn_ledger_staging."orders 4" ();
    insert into sync_cursors (account_id, listing, state, updated_at) values ('1', 'orders', 'reading', now()),
      ('2', 'orders', 'reading', now() - interval '8 days'), ('4', 'orders', 'reading', now() - interval '8 days')`);
  const stamp = (days: number) =>
    `${new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 19).replaceAll(':', '')}Z`;
  const reports = join(cwd, 'data', 'reports');
  const downloads = join(cwd, 'data', 'downloads');
  const old = [`report-1-${stamp(401)}.html`, `report-${stamp(500)}.html`];
  const kept = [
    `report-1-${stamp(399)}.html`,
    `report-2-${stamp(900)}.html`,
    `report-${stamp(401)}.html`,
    'report-own.html',
  ];
  for (const folder of [reports, downloads]) await mkdir(folder, { recursive: true });
  for (const name of [...old, ...kept]) await writeFile(join(reports, name), '');
  await writeFile(join(downloads, 'old.zip'), '');
  await utimes(join(downloads, 'old.zip'), new Date(0), new Date(0));
  // A run that is about to replace its staging table.
  const run = await pool.connect();
  t.teardown(() => run.release(true));
  await run.query('begin; drop table tn_ledger_staging."orders 4"');

  const env = { DATABASE_URL: url };
  const pruned = { runs: 218, archives: 1, reports: 2 };
  const dry = await cli(t, ['prune', '--dry-run'], { env, cwd });
  t.is(dry.stdout, 'Would remove 218 runs, 3 staging tables, 1 billing archive and 2 reports.\n');
  t.is((await readdir(reports)).length, 6);
  const done = await cli(t, ['prune', '--json'], { env, cwd });
  t.deepEqual(
    JSON.parse(done.stdout),
    { dry_run: false, ...pruned, staging_tables: 2, billing_months: [], billing_months_kept: [] },
    done.output,
  );
  await run.query('rollback');

  t.deepEqual((await readdir(reports)).sort(), [...kept].sort());
  t.deepEqual(await readdir(downloads), []);
  const { rows } = await pool.query(
    `select (select string_agg(relname, ',' order by relname) from pg_class where relnamespace = 'tn_ledger_staging'::regnamespace) as staging,
            (select count(*)::int from nruf_filings) as filings, (select count(*)::int from number_status_history) as history,
            (select string_agg(status, ',' order by run_id) from sync_runs where account_id = '2' and run_id <= 622) as runs,
            (select count(*)::int from sync_runs where account_id = '1') as recent`,
  );
  t.deepEqual(rows, [
    { staging: 'orders 1,orders 4', filings: 1, history: 1, runs: 'succeeded,succeeded,failed,failed', recent: 400 },
  ]);
  t.is((await cli(t, ['prune'], { env, cwd })).stdout.split(' runs')[0], 'Removed 0');
});
