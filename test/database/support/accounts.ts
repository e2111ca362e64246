import { execFileSync } from 'node:child_process';
import type { Account } from '../../../src/database/embedded/account.js';

export const isRoot = process.getuid?.() === 0;

/** An account without rights to anything of ours; tests that play "an ordinary user" as root run their commands under it. */
export const nobody: Account = { uid: numberOf('-u'), gid: numberOf('-g') };

/** Whether tests may mount a file system of their own. */
export const canMount = isRoot && mayMount();

function mayMount(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tn-ledger-test', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function numberOf(flag: string): number {
  return Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' })) | 0;
}
