import { cp, mkdir, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import { writeNextBackup } from '../../src/backup/keep-backups.js';
import { lastFiles, readManifest } from '../../src/backup/manifest.js';
import { cli, makeFolder } from '../end-to-end/support.js';
import { openLedgerDatabase } from '../support/ledger-database.js';
import { startPostgres, type TestServer } from '../support/postgres.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const signal = new AbortController().signal;

test('only the oldest complete backups of the same ledger are removed', async (t) => {
  const { database, url } = await openLedgerDatabase(t, t.context.server);
  const parent = join(await makeFolder(t), 'backups');
  const first = await writeNextBackup(database, parent, { keep: 2, signal });
  const [name, ledger] = /^tn-ledger-([0-9a-f]{8})-\d{4}-\d\d-\d\dT\d{6}Z$/.exec(basename(first.folder)) ?? [];
  t.is(ledger, first.manifest.ledger_id?.slice(0, 8));
  t.deepEqual(first.removed, []);

  /** A copy of the first one with another time and, if given, another ledger. */
  const copyOf = async (day: string, changes: object = {}) => {
    const folder = join(parent, `tn-ledger-${ledger}-${day}T020000Z`);
    await cp(first.folder, folder, { recursive: true });
    const manifest = { ...(await readManifest(folder, '')), created_at: `${day}T02:00:00.000Z`, ...changes };
    for (const [file, content] of lastFiles(manifest)) await writeFile(join(folder, file), content);
    return basename(folder);
  };
  const [old, older] = [await copyOf('2025-01-02'), await copyOf('2025-01-01')];
  const ofOther = await copyOf('2025-01-03', { ledger_id: '00000000-0000-4000-8000-000000000000' });
  const incomplete = await copyOf('2025-01-04');
  await rm(join(parent, incomplete, 'orders.copy.gz'));
  const byHand = 'before-the-upgrade';
  await rename(join(parent, await copyOf('2025-01-05')), join(parent, byHand));
  await mkdir(join(parent, `tn-ledger-${ledger}-2025-01-06T020000Z`));
  const [stale, fresh] = ['.tn-ledger-backup-stale.tmp', '.tn-ledger-backup-fresh.tmp'];
  for (const each of [stale, fresh]) await mkdir(join(parent, each));
  await utimes(join(parent, stale), new Date(0), new Date(0));
  await rename(first.folder, join(parent, `tn-ledger-${ledger}-2026-01-01T020000Z`));

  const env = { DATABASE_URL: url, TN_LEDGER_BACKUP_DIR: parent, TN_LEDGER_KEEP_BACKUPS: '2' };
  const { status, stdout } = await cli(t, ['backup', '--json'], { env });
  t.is(status, 0);
  const { folder, removed } = JSON.parse(stdout);
  t.deepEqual(removed, [join(parent, old), join(parent, older)]);
  t.deepEqual(
    (await readdir(parent)).sort(),
    [
      ...[basename(folder), `tn-ledger-${ledger}-2026-01-01T020000Z`, ofOther, incomplete, byHand, fresh],
      `tn-ledger-${ledger}-2025-01-06T020000Z`,
    ].sort(),
  );
  t.truthy(name);
});
