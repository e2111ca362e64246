import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { LedgerError } from '../../errors.js';

/** An operating-system account, by number. */
export interface Account {
  uid: number;
  gid: number;
}

/**
 * The account that PostgreSQL runs under when this process is root, which PostgreSQL refuses:
 * `postgres` where a package created it, else `nobody`. Undefined: this process's own account will do.
 */
export async function accountForServer(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) {
    return undefined;
  }
  const account = (await lookUp('postgres')) ?? (await lookUp('nobody'));
  if (account === undefined) {
    throw new LedgerError(
      'PostgreSQL refuses to run as root, and this system has neither a user postgres nor a user nobody.',
      { hint: 'Run tn-ledger as an ordinary user, create a user postgres, or set DATABASE_URL.' },
    );
  }
  return account;
}

/** `id` instead of /etc/passwd, because macOS and directory services keep their users elsewhere. */
async function lookUp(name: string): Promise<Account | undefined> {
  const run = promisify(execFile);
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
    // macOS numbers nobody 4294967294, which the system calls take as -2.
    return { uid: Number(uid.stdout) | 0, gid: Number(gid.stdout) | 0 };
  } catch {
    return undefined; // `id` exits 1 for a user that does not exist
  }
}
