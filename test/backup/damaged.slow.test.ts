import { createHash } from 'node:crypto';
import { cp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import anyTest, { type TestFn } from 'ava';
import { lastFiles, type Manifest } from '../../src/backup/manifest.js';
import { checkBackup, restoreBackup } from '../../src/backup/restore.js';
import { writeBackup } from '../../src/backup/write-backup.js';
import { openDatabase } from '../../src/database/connect.js';
import { LedgerError, UsageError } from '../../src/errors.js';
import { cli, makeEmptyDatabase, makeFolder, startCli, until } from '../end-to-end/support.js';
import { openLedgerDatabase } from '../support/ledger-database.js';
import { startPostgres, type TestServer } from '../support/postgres.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const signal = new AbortController().signal;
const table = 'number_categories';
const file = `${table}.copy.gz`;

/** A backup of a ledger with a few rows. */
async function makeBackup(t: Parameters<typeof openLedgerDatabase>[0], server: TestServer) {
  const { database, url } = await openLedgerDatabase(t, server);
  await database.pool.query(
    `insert into number_categories (account_id, telephone_number, category, valid_from)
     select '1', '919555' || 1000 + n, 'aging', '2025-01-01' from generate_series(1, 500) n`,
  );
  const folder = join(await makeFolder(t as never), 'backup');
  return { database, url, folder, manifest: await writeBackup(database, folder, { signal }) };
}

/** Replaces the manifest, with checksums that fit. */
async function replaceManifest(folder: string, manifest: object): Promise<void> {
  for (const [name, content] of lastFiles(manifest as Manifest)) await writeFile(join(folder, name), content);
}

test('an incomplete, truncated or altered backup is refused by name', async (t) => {
  const { folder, manifest } = await makeBackup(t, t.context.server);
  const path = (copy: string, name = file) => join(copy, name);
  const flip = async (name: string, at: number) => {
    const content = await readFile(name);
    content[at] = (content[at] as number) ^ 1;
    await writeFile(name, content);
  };
  const shorter = { ...manifest, tables: manifest.tables.slice(1) };
  const damages: [damage: (copy: string) => Promise<unknown>, message: RegExp, type?: typeof UsageError][] = [
    [(copy) => rm(path(copy)), /: number_categories\.copy\.gz is missing\. Nothing was restored\./],
    [(copy) => truncate(path(copy), 100), /: number_categories\.copy\.gz has 100 bytes, not \d+\./],
    // The time in the header of gzip: what it contains is the same.
    [(copy) => flip(path(copy), 5), /: number_categories\.copy\.gz has another SHA-256 than manifest\.json says/],
    [(copy) => flip(path(copy), 400), /: number_categories\.copy\.gz (can't be decompressed|has another SHA-256)/],
    [(copy) => rm(path(copy, 'SHA256SUMS')), /: SHA256SUMS is missing/],
    [(copy) => rm(path(copy, 'manifest.json')), /: manifest\.json is missing/],
    [
      (copy) => writeFile(path(copy, 'manifest.json'), JSON.stringify(shorter)),
      /: manifest\.json is not the one that SHA256SUMS describes/,
    ],
    [(copy) => replaceManifest(copy, { ...manifest, sequences: 3 }), /unexpected content/],
    [
      (copy) =>
        replaceManifest(copy, {
          ...manifest,
          tables: manifest.tables.map((each) => (each.name === table ? { ...each, rows: 499 } : each)),
        }),
      /: number_categories\.copy\.gz contains 500 rows, not 499/,
    ],
    [
      (copy) => replaceManifest(copy, { ...manifest, format: 2, program: 'tn-ledger 9.9.9' }),
      /has format 2 and was made by tn-ledger 9\.9\.9/,
      UsageError,
    ],
    [
      (copy) => replaceManifest(copy, { ...manifest, migrations: [...manifest.migrations, '9999-later'] }),
      /whose schema this tn-ledger .+ doesn't know: it has 9999-later\. Nothing was restored/,
      UsageError,
    ],
    [(copy) => rm(copy, { recursive: true }), /isn't a backup: it has no manifest\.json/, UsageError],
  ];
  await t.notThrowsAsync(checkBackup(folder, signal));
  for (const [damage, message, type = LedgerError] of damages) {
    const copy = `${folder}-copy`;
    await cp(folder, copy, { recursive: true });
    await damage(copy);
    const error = await t.throwsAsync(checkBackup(copy, signal), { message, instanceOf: type });
    t.true(error?.message.includes(copy));
    await rm(copy, { recursive: true, force: true });
  }
});

test('a ledger is never overwritten, not even an empty one: exit status 2, and nothing changes', async (t) => {
  const { url, folder } = await makeBackup(t, t.context.server);
  const { status, stderr } = await cli(t, ['restore', folder], { env: { DATABASE_URL: url } });
  t.is(status, 2);
  t.regex(stderr, /^There is a ledger in 127\.0\.0\.1:\d+\/\w+ already\. Nothing was changed\.\nRestore into an empty/);
});

test('a restore that fails leaves the database empty, and the next one succeeds', async (t) => {
  const { folder, manifest } = await makeBackup(t, t.context.server);
  const target = await makeEmptyDatabase(t, t.context.server);
  const database = await openDatabase({
    ...{ databaseUrl: target.url, dataDir: '/nonexistent', applicationName: 'test', log: () => undefined },
  });
  t.teardown(() => database.close());
  const left = () =>
    target.query(`select relname from pg_class where relnamespace = to_regnamespace('tn_ledger')
                  union all select nspname from pg_namespace where nspname = 'tn_ledger_queue'`);

  // A stop request in the middle.
  const stop = new AbortController();
  const stopped = restoreBackup(database, folder, manifest, {
    signal: stop.signal,
    onProgress: (name) => name === table && stop.abort(new Error('stopped')),
  });
  await t.throwsAsync(stopped, { message: /stopped|aborted/ });
  t.deepEqual(await left(), []);

  // Rows that the database refuses, in a file with the right checksum.
  const copy = `${folder}-copy`;
  await cp(folder, copy, { recursive: true });
  const entry = manifest.tables.find(({ name }) => name === table) as Manifest['tables'][number];
  const row = entry.columns.map((column) => (column === 'category' ? 'wrong' : '2025-01-01')).join('\t');
  const content = gzipSync(`${row}\n`);
  const sha256 = createHash('sha256').update(content).digest('hex');
  await writeFile(join(copy, file), content);
  await replaceManifest(copy, {
    ...manifest,
    tables: manifest.tables.map((each) =>
      each === entry ? { ...each, rows: 1, bytes: content.length, sha256 } : each,
    ),
  });
  const refused = await cli(t, ['restore', copy], { env: { DATABASE_URL: target.url } });
  t.is(refused.status, 1);
  t.regex(
    refused.stderr,
    /invalid input syntax[^\n]* Nothing was restored: 127\.0\.0\.1:\d+\/\w+ is as empty as before\./,
  );
  t.deepEqual(await left(), []);

  t.deepEqual(await restoreBackup(database, folder, manifest, { signal }), []);
  t.deepEqual(await target.query(`select count(*)::int as count from tn_ledger.${table}`), [{ count: 500 }]);
});

test('a backup that is killed or stopped never has its name', async (t) => {
  const { database, url } = await openLedgerDatabase(t, t.context.server);
  const parent = await makeFolder(t);
  const target = join(parent, 'backup');
  // It waits for the table, after it created its folder.
  const holder = await database.pool.connect();
  t.teardown(() => holder.release(true));
  await holder.query('begin; lock table sync_runs in access exclusive mode');
  const killed = startCli(t, ['backup', target], { env: { DATABASE_URL: url }, cwd: parent });
  await until(async () => (await readdir(parent)).length > 0);
  killed.child.kill('SIGKILL');
  await killed.result;
  await holder.query('rollback');
  const [leftover, ...others] = await readdir(parent);
  t.deepEqual(others, []);
  t.regex(leftover ?? '', /^\.tn-ledger-backup-.+\.tmp$/);
  await t.throwsAsync(checkBackup(join(parent, leftover as string), signal), { message: /isn't a backup/ });

  const stop = new AbortController();
  const stopped = writeBackup(database, target, {
    signal: stop.signal,
    onProgress: () => stop.abort(new Error('stopped by the test')),
  });
  await database.pool.query(
    `insert into sync_watermarks (account_id, listing, since, read_to) values ('1', 'a', '2025-01-01', '2025-01-02')`,
  );
  await t.throwsAsync(stopped, { message: 'stopped by the test' });
  t.deepEqual(await readdir(parent), [leftover as string]);
  await writeBackup(database, target, { signal });
  await t.notThrowsAsync(checkBackup(target, signal));
  await t.throwsAsync(writeBackup(database, target, { signal }), { message: /already exists/, instanceOf: UsageError });
});

test('a backup needs a ledger, and a folder to be created in', async (t) => {
  const empty = await makeEmptyDatabase(t, t.context.server);
  const folder = await makeFolder(t);
  for (const [args, message] of [
    [['backup', join(folder, 'a')], /^There is no ledger in 127/],
    [['backup', join(folder, 'missing', 'a')], /^\/.+missing is not a folder\. Nothing was written/],
    [['backup'], /^No folder was given, and TN_LEDGER_BACKUP_DIR is not set/],
  ] as const) {
    const { status, stderr } = await cli(t, args, { env: { DATABASE_URL: empty.url } });
    t.is(status, 2, stderr);
    t.regex(stderr, message);
  }
  t.deepEqual(await readdir(folder), []);
});
