import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { LedgerError, messageOf } from '../../errors.js';

/** An operating system account, by user and group id. */
export interface Account {
  uid: number;
  gid: number;
}

/** Accounts that may own the server, in order of preference. The last one is created if none exists. */
const serverAccounts = ['postgres', 'tn-ledger-postgres'] as const;

/**
 * The account that PostgreSQL runs under when this process is root, because PostgreSQL refuses to run as root:
 * `postgres` if a package created it, otherwise `tn-ledger-postgres`, which is created if needed. Never `nobody`: any
 * other process running as `nobody` could read the database's files and trace its processes. Undefined: use this
 * process's own account.
 *
 * @throws {LedgerError} if there is no such account and none can be created
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

/** Whether an account is `nobody`, which services without their own account share. */
export async function isNobody({ uid }: Account): Promise<boolean> {
  return uid === (await lookUp('nobody'))?.uid;
}

const run = promisify(execFile);

/** Creates the account. A bare user id is not enough: PostgreSQL's programs look up the account by id. */
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
    `PostgreSQL refuses to run as root, and the user ${name} to run it under could not be created: ${failures.join('; ')}.`,
    { hint: `Create the user (useradd --system ${name}), run tn-ledger as a regular user, or set DATABASE_URL.` },
  );
}

/** Uses `id` instead of /etc/passwd, because macOS and directory services keep users elsewhere. */
async function lookUp(name: string): Promise<Account | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
    // On macOS the id of nobody is 4294967294, which system calls treat as -2.
    return { uid: Number(uid.stdout) | 0, gid: Number(gid.stdout) | 0 };
  } catch {
    return undefined; // `id` exits 1 for a user that does not exist
  }
}
