import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { LedgerError, messageOf } from '../../errors.js';

/** An operating-system account, by number. */
export interface Account {
  uid: number;
  gid: number;
}

/** Accounts that may own the server, the preferred one first. The last one is ours: it is created where neither exists. */
const serverAccounts = ['postgres', 'tn-ledger-postgres'] as const;

/**
 * The account that PostgreSQL runs under when this process is root, which PostgreSQL refuses: `postgres` where a package created
 * it, else `tn-ledger-postgres`, which is created if need be. Never `nobody`: any other process that runs as `nobody` could read
 * the database's files and trace its processes. Undefined: this process's own account will do.
 *
 * @throws {LedgerError} there is no such account and none can be created
 */
export async function accountForServer(names: readonly string[] = serverAccounts): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) {
    return undefined;
  }
  for (const name of names) {
    const account = await lookUp(name);
    if (account !== undefined) return account;
  }
  return create(names.at(-1) as string);
}

/** Whether an account is the one that services without an account of their own share. */
export async function isNobody({ uid }: Account): Promise<boolean> {
  return uid === (await lookUp('nobody'))?.uid;
}

const run = promisify(execFile);

/** PostgreSQL's programs look the account up by its number, so a bare number is not enough. */
async function create(name: string): Promise<Account> {
  const failures: string[] = [];
  for (const [program, ...args] of [
    ['useradd', '--system', '--user-group', '--home-dir', '/nonexistent', '--shell', '/usr/sbin/nologin', name],
    ['adduser', '-S', '-D', '-H', '-h', '/nonexistent', '-s', '/sbin/nologin', name], // BusyBox
  ] as const) {
    try {
      await run(program, args);
      const account = await lookUp(name);
      if (account !== undefined) return account;
    } catch (error) {
      failures.push(messageOf(error).trim());
    }
  }
  throw new LedgerError(
    `PostgreSQL refuses to run as root, and the user ${name} that would own it could not be created: ${failures.join('; ')}.`,
    { hint: `Create it (useradd --system ${name}), run tn-ledger as an ordinary user, or set DATABASE_URL.` },
  );
}

/** `id` instead of /etc/passwd, because macOS and directory services keep their users elsewhere. */
async function lookUp(name: string): Promise<Account | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
    // macOS numbers nobody 4294967294, which the system calls take as -2.
    return { uid: Number(uid.stdout) | 0, gid: Number(gid.stdout) | 0 };
  } catch {
    return undefined; // `id` exits 1 for a user that does not exist
  }
}
