import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { isRoot, nobody } from '../database/support/accounts.js';
import { cli, mainScript } from './support.js';

/** A file system of so many megabytes that an ordinary user may write to; undefined where none can be made, or he can't run us. */
function makeSmallDisk(megabytes: number): { folder: string; remove(): void } | undefined {
  if (!isRoot || process.platform !== 'linux') return undefined;
  const asNobody = spawnSync(process.execPath, [mainScript, '--version'], { ...nobody, cwd: '/' });
  if (asNobody.status !== 0) return undefined;
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

const defineTest = disk === undefined ? test.skip : test;
defineTest(
  'a full disk for the data folder is told with its mend, exit 1, and nothing half-made stays behind',
  async (t) => {
    if (disk === undefined) return;
    const env = { TN_LEDGER_DATA_DIR: join(disk.folder, 'data') };
    for (const args of [['demo', '--numbers', '10'], ['sql', 'select 1'], ['status']]) {
      const { status, stderr } = await cli(t, args, { env, account: nobody, cwd: disk.folder });
      t.is(status, 1);
      t.regex(stderr, /No space left on device|ENOSPC/);
      t.regex(stderr, /\nFree some disk space [^\n]*TN_LEDGER_DATA_DIR[^\n]*\n$/);
    }
    t.false(readdirSync(join(disk.folder, 'data', 'postgres')).includes('data'));
  },
);
