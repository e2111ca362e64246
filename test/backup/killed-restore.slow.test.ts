import { existsSync } from 'node:fs';
import { join } from 'node:path';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { type Manifest, readManifest } from '../../src/backup/manifest.js';
import { cli, makeEmptyDatabase, makeFolder, startCli, until } from '../end-to-end/support.js';
import { startDatabaseProxy } from '../support/database-proxy.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { fillLedger } from './support/full-ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

/** A backup of a small ledger with something of everything. */
async function makeBackup(t: ExecutionContext<{ server: TestServer }>) {
  const { env } = await fillLedger(t, t.context.server);
  const folder = join(await makeFolder(t), 'backup');
  const { status, output } = await cli(t, ['backup', folder], { env });
  t.is(status, 0, output);
  return { folder, manifest: await readManifest(folder, 'Nothing was done.') };
}

/** Asserts that a ledger has all rows of a backup. */
async function isWhole(
  t: ExecutionContext,
  query: (sql: string) => Promise<Record<string, unknown>[]>,
  { tables }: Manifest,
): Promise<void> {
  for (const { name, rows } of tables) {
    t.deepEqual(await query(`select count(*)::int as rows from tn_ledger.${name}`), [{ rows }], name);
  }
}

/** Parts of statements, in the order in which a restore sends them, and whether the ledger is there after a kill. */
const moments: [statement: RegExp, isThere: boolean][] = [
  [/create table "?tn_ledger"?\."?knex_migrations/i, false],
  [/copy \S*telephone_numbers\S* \(.+ from stdin/, false],
  [/copy \S*sync_runs\S* \(.+ from stdin/, false],
  [/set constraints all immediate/, false],
  [/insert into tn_ledger\.repeatable_migrations/, false],
  [/create schema if not exists tn_ledger_queue/i, true],
];

test('a restore that is killed leaves an empty database or a whole ledger, and the next one succeeds or refuses by name', async (t) => {
  t.timeout(5 * 60_000);
  const { folder, manifest } = await makeBackup(t);
  for (const [statement, isThere] of moments) {
    const target = await makeEmptyDatabase(t, t.context.server);
    let kill = () => {};
    const proxy = await startDatabaseProxy(t, target.url, (data) => {
      if (statement.test(data.toString('latin1'))) kill();
    });
    const cwd = await makeFolder(t);
    const { child, result } = startCli(t, ['restore', folder], { env: { DATABASE_URL: proxy.url }, cwd });
    kill = () => void child.kill('SIGKILL');
    const { output } = await result;
    t.is(child.signalCode, 'SIGKILL', `${statement} was never sent: ${output}`);
    // The server ends the transaction when it notices that its client is gone.
    await until(async () => {
      const [others] = await target.querySuperuser<{ count: number }>(
        `select count(*)::int as count from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
      );
      return others?.count === 0;
    });
    const again = await cli(t, ['restore', folder], { env: { DATABASE_URL: target.url } });
    if (isThere) {
      t.is(again.status, 2, `${statement}: ${again.output}`);
      t.regex(again.stderr, /^There is a ledger in .+ already\. Nothing was changed\./);
    } else t.is(again.status, 0, `${statement}: ${again.output}`);
    await isWhole(t, target.query, manifest);
    // What the killed one left to do is done by the next command that needs it.
    t.is((await cli(t, ['migrate'], { env: { DATABASE_URL: target.url } })).status, 0);
    await isWhole(t, target.query, manifest);
  }
});

test('a restore into a new data folder that is killed can be repeated', async (t) => {
  t.timeout(2 * 60_000);
  const { folder, manifest } = await makeBackup(t);
  for (const moment of ['postgres', 'postgres/data/postmaster.pid']) {
    const cwd = await makeFolder(t);
    const { child, result } = startCli(t, ['restore', folder], { cwd });
    await until(async () => existsSync(join(cwd, 'data', moment)));
    child.kill('SIGKILL');
    await result;
    const again = await cli(t, ['restore', folder], { cwd });
    t.is(again.status, 0, again.output);
    const query = async (sql: string) => {
      const { status, stdout, output } = await cli(t, ['sql', '--own-rights', '--json', sql], { cwd });
      t.is(status, 0, output);
      return JSON.parse(stdout);
    };
    await isWhole(t, query, manifest);
  }
});
