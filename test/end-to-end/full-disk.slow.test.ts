import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { startSandbox } from '../../src/sandbox/server.js';
import { isRoot, nobody } from '../database/support/accounts.js';
import { onlyIf } from '../support/only-if.js';
import { startPostgres } from '../support/postgres.js';
import { cli, cliProcess, makeDatabase, settingsOf } from './support.js';

/** A file system of so many megabytes that an ordinary user may write to; undefined where none can be made. */
function makeSmallDisk(megabytes: number): { folder: string; remove(): void } | undefined {
  if (!isRoot || process.platform !== 'linux') return undefined;
  const folder = mkdtempSync('/tmp/tn-ledger-small-disk-');
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]);
  if (mounted.status !== 0) {
    rmSync(folder, { recursive: true });
    return undefined;
  }
  chownSync(folder, nobody.uid, nobody.gid);
  chmodSync(folder, 0o755);
  return {
    folder,
    remove() {
      execFileSync('umount', ['-l', folder]);
      rmSync(folder, { recursive: true });
    },
  };
}

const disk = makeSmallDisk(8);
test.after.always(() => disk?.remove());

const folder = disk?.folder as string; // The tests are skipped without it.
const onSmallDisk = onlyIf(test.serial, disk !== undefined, 'needs root and the right to mount');

onSmallDisk(
  'a full disk for the data folder is reported with its fix, exit 1, and leaves nothing half-made',
  async (t) => {
    const env = { TN_LEDGER_DATA_DIR: join(folder, 'data') };
    for (const args of [['demo', '--numbers', '10'], ['sql', 'select 1'], ['status']]) {
      const { status, stderr } = await cliProcess(t, args, { env, account: nobody, cwd: folder });
      t.is(status, 1);
      t.regex(stderr, /No space left on device|ENOSPC/);
      t.regex(stderr, /\nFree some disk space [^\n]*TN_LEDGER_DATA_DIR[^\n]*\n$/);
    }
    t.false(readdirSync(join(folder, 'data', 'postgres')).includes('data'));
  },
);

onSmallDisk('check fails where nearly no disk space is free, and says how much to free', async (t) => {
  const sandbox = await startSandbox({ numbers: 1 });
  t.teardown(sandbox.close);
  const env = {
    ...settingsOf(sandbox, 'postgresql://u:p@127.0.0.1:1/none'),
    TN_LEDGER_DATA_DIR: join(folder, 'archives'),
  };
  const line = async () => {
    const { stdout } = await cli(t, ['check'], { env });
    return /^(\w+) +disk space: (.*)$/m.exec(stdout)?.slice(1);
  };
  t.deepEqual(await line(), [
    'failed',
    `Only 8 MB free at ${folder}. Free at least 1.0 GB, or set TN_LEDGER_DATA_DIR to a folder on another disk.`,
  ]);
  execFileSync('mount', ['-o', 'remount,size=500m', folder]);
  t.regex((await line())?.join(' ') ?? '', /^warning 5\d\d MB free at .*, less than the 1\.0 GB that a run may need$/);
  // Archives that are kept count for what the next ones take: here 4 GB that take no room.
  execFileSync('mount', ['-o', 'remount,size=1500m', folder]);
  t.is((await line())?.[0], 'ok');
  mkdirSync(join(folder, 'archives', 'downloads'), { recursive: true });
  const archive = join(folder, 'archives', 'downloads', 'large.zip');
  writeFileSync(archive, '');
  truncateSync(archive, 4e9);
  t.regex((await line())?.join(' ') ?? '', /^warning 1\.\d GB free at .*, less than the 2\.0 GB/);
});

onSmallDisk(
  'an archive whose last page the disk has no room for never gets its name, and the run says so',
  async (t) => {
    const server = await startPostgres();
    t.teardown(() => server.stop());
    const sandbox = await startSandbox({ numbers: 1, billing: { rowsPerDay: 3000 } });
    t.teardown(sandbox.close);
    const fetchInto = async (name: string) => {
      const { url } = await makeDatabase(t, server);
      const dataDir = join(folder, name);
      const env = { ...settingsOf(sandbox, url), TN_LEDGER_DATA_DIR: dataDir };
      const args = ['billing', '--type', 'BDR', '--from', '2026-10-01', '--to', '2026-10-01'];
      const { status, output } = await cli(t, args, { env });
      const archives = readdirSync(join(dataDir, 'downloads')).filter((file) => file.endsWith('.zip'));
      return { status, output, archives: archives.map((file) => join(dataDir, 'downloads', file)) };
    };
    const enough = await fetchInto('enough');
    t.is(enough.status, 0, enough.output);
    const bytes = statSync(enough.archives[0] as string).size;

    const { bavail, bsize } = statfsSync(folder);
    writeFileSync(join(folder, 'filler'), Buffer.alloc((bavail - Math.ceil(bytes / bsize) + 1) * bsize));
    const short = await fetchInto('short');
    t.is(short.status, 1, short.output);
    t.regex(short.output, /could not be written to .*no space left on device.*Make sure that the disk has room/is);
    t.deepEqual(short.archives, []);
  },
);
