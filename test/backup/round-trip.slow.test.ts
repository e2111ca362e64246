import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import { readManifest } from '../../src/backup/manifest.js';
import { writeBackup } from '../../src/backup/write-backup.js';
import { openDatabase } from '../../src/database/connect.js';
import { cli, makeEmptyDatabase, makeFolder } from '../end-to-end/support.js';
import { onlyIf } from '../support/only-if.js';
import { installedPostgres, startPostgres, type TestServer } from '../support/postgres.js';
import { fillLedger, night } from './support/full-ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const signal = new AbortController().signal;

const fifteen = installedPostgres(15);
onlyIf(
  test,
  fifteen !== undefined,
  'needs PostgreSQL 15',
)(
  'a ledger survives a backup from PostgreSQL 18 to 15 and back byte for byte, and the next run finds nothing to write',
  async (t) => {
    const older = await startPostgres({ binDir: fifteen });
    t.teardown(older.stop);
    const ledger = await fillLedger(t, t.context.server);
    // Reads what became of the assignment order.
    await night(t, ledger);
    const { env, dataDir } = ledger;
    const folder = await makeFolder(t);
    const empty = await ledger.query<{ name: string }>(
      `select relname as name from pg_class where relnamespace = 'tn_ledger'::regnamespace and relkind = 'r'
         and (xpath('/row/c/text()', query_to_xml(format('select count(*) as c from tn_ledger.%I', relname), false, true, '')))[1]::text = '0'`,
    );
    t.deepEqual(
      empty
        .map(({ name }) => name)
        .filter((name) => /^(nruf_fil|number_|submitted|result|assignment|sync_runs|billing_reports)/.test(name)),
      ['assignment_report_rejects', 'number_categories_superseded'],
    );

    const first = await cli(t, ['backup', join(folder, 'first')], { env });
    t.is(first.status, 0, first.output);
    t.regex(first.stdout, /^Backed up [\d,]+ rows of \d+ tables to \/.*first \([\d.]+ MB\)\.\n$/);
    const restored = [await makeEmptyDatabase(t, older), await makeEmptyDatabase(t, t.context.server)] as const;
    const copies = ['first', 'second', 'third'] as const;
    for (const [index, database] of restored.entries()) {
      const own = { ...env, DATABASE_URL: database.url };
      const restore = await cli(t, ['restore', join(folder, copies[index] as string)], { env: own });
      t.is(restore.status, 0, restore.output);
      const again = await cli(t, ['backup', join(folder, copies[index + 1] as string)], { env: own });
      t.is(again.status, 0, again.output);
    }
    const [one, two, three] = await Promise.all(copies.map((copy) => readManifest(join(folder, copy), '')));
    t.true((one?.tables.length ?? 0) > 45);
    for (const each of [two, three]) {
      t.deepEqual(each?.tables, one?.tables);
      t.deepEqual(each?.records_tables, one?.records_tables);
      t.deepEqual(each?.sequences, one?.sequences);
      t.not(each?.ledger_id, one?.ledger_id);
    }

    // What the backup leaves to the migrations: generated columns, views, triggers, grants, the partitions of months.
    const facts = `select (select md5(string_agg(t::text, ',' order by t.account_id, t.telephone_number)) from tn_ledger.telephone_numbers t) as numbers,
      (select md5(string_agg(u::text, ',' order by u.npa_nxx_x)) from tn_ledger.nruf_utilization('2025-06-30') u) as counts,
      (select string_agg(sha256, ',') from tn_ledger.nruf_filings where sha256 = encode(sha256(content), 'hex')) as filings,
      (select count(*)::int from pg_trigger where not tgisinternal and tgenabled = 'O') as triggers,
      (select string_agg(relname, ',' order by relname) from pg_class
        where relispartition and relkind = 'r' and relnamespace = 'tn_ledger'::regnamespace) as months,
      (select string_agg(coalesce(col_description(attrelid, attnum), '-'), ',' order by attnum) from pg_attribute
        where attrelid = 'tn_ledger.billing_bdr'::regclass and attnum > 0) as comments,
      has_table_privilege('tn_ledger_billing_reader', 'tn_ledger.billing_bdr', 'select') as granted`;
    const [before] = await ledger.query(facts);
    for (const database of restored) t.deepEqual(await database.query(facts), [before as object]);
    const compared = await cli(t, ['nruf', '--compare', '1', '--json'], {
      env: { ...env, DATABASE_URL: restored[1].url },
    });
    t.is(compared.status, 0, compared.output);
    t.deepEqual(compared.stdout, (await cli(t, ['nruf', '--compare', '1', '--json'], { env })).stdout);

    const database = await openDatabase({
      databaseUrl: restored[1].url,
      ...{ dataDir, applicationName: 'test', log: () => undefined },
    });
    t.teardown(() => database.close());
    t.is(await night(t, ledger, database), 0);
  },
);

test('a backup is one snapshot: what jobs commit meanwhile is not in it', async (t) => {
  const ledger = await fillLedger(t, t.context.server, { numbers: 20, seed: 1, churn: 1 });
  const folder = await makeFolder(t);
  const before = await ledger.query<{ count: number }>('select count(*)::int as count from telephone_numbers');
  let changed: Promise<unknown> | undefined;
  const manifest = await writeBackup(ledger.database, join(folder, 'backup'), {
    signal,
    onProgress: () => {
      changed ??= ledger.query(`with gone as (delete from telephone_numbers) delete from number_status_history`);
    },
  });
  await changed;
  t.deepEqual(await ledger.query('select from telephone_numbers'), []);
  const rowsOf = (name: string) => manifest.tables.find((table) => table.name === name)?.rows;
  t.is(rowsOf('telephone_numbers'), before[0]?.count);
  t.true((rowsOf('number_status_history') ?? 0) > 0);
});

test('files and folders of a backup have the mode that TN_LEDGER_FILE_MODE says', async (t) => {
  const { url } = await makeEmptyDatabase(t, t.context.server);
  const folder = await makeFolder(t);
  await cli(t, ['migrate'], { env: { DATABASE_URL: url } });
  for (const [mode, file, directory] of [
    [undefined, 0o600, 0o700],
    ['0640', 0o640, 0o750],
  ] as const) {
    const backup = join(folder, String(mode));
    const env = { DATABASE_URL: url, ...(mode !== undefined && { TN_LEDGER_FILE_MODE: mode }) };
    t.is((await cli(t, ['backup', backup], { env })).status, 0);
    t.is((await stat(backup)).mode & 0o777, directory);
    for (const name of await readdir(backup)) t.is((await stat(join(backup, name))).mode & 0o777, file, name);
  }
});

test('a table that users created is kept in the backup, and a restore names it', async (t) => {
  const { url, query } = await makeEmptyDatabase(t, t.context.server);
  const folder = await makeFolder(t);
  await cli(t, ['migrate'], { env: { DATABASE_URL: url } });
  await query(
    `create table tn_ledger."our notes/2026" (note text); insert into tn_ledger."our notes/2026" values ('a')`,
  );
  t.is((await cli(t, ['backup', join(folder, 'backup')], { env: { DATABASE_URL: url } })).status, 0);
  t.true((await readdir(join(folder, 'backup'))).includes('our%20notes%2F2026.copy.gz'));
  const target = await makeEmptyDatabase(t, t.context.server);
  const { status, stderr } = await cli(t, ['restore', join(folder, 'backup')], { env: { DATABASE_URL: target.url } });
  t.is(status, 0);
  t.regex(stderr, /our notes\/2026 was not restored: it isn't a table of tn-ledger/);
});
