import { LedgerError, messageOf } from '../errors.js';
import { printDuration } from '../format.js';
import { describeBlocker, type LockWait } from './watch-locks.js';

/** The oldest supported PostgreSQL, in the format of `server_version_num`. */
export const oldestServerVersion = 150000;

interface Finding {
  /** Completes "The database <where> …". */
  what: string;
  hint: string;
  /** The fix for the embedded server, when DATABASE_URL isn't set. */
  embeddedHint?: string;
  /** It may pass by itself: a later attempt may succeed although nobody changes anything. */
  isTemporary?: true;
}

const embeddedPrefix = 'embedded PostgreSQL in ';
const restart =
  'Run the command again; it starts the server if needed. Its logs are in postgres/log of the data folder.';
const wrongPassword =
  "The passwords in postgres/connection.json of the data folder don't match the server. Restore that file from a backup.";
const diskFull =
  'Free some disk space for the data folder and run the command again; it resumes after the last committed page.';
const tooMany = 'Wait for other programs that use the embedded database to finish, and run the command again.';

/** Known SQLSTATEs; PostgreSQL documentation, appendix A. */
const bySqlState: Record<string, Finding> = {
  '28P01': {
    what: 'rejected the user name or password',
    hint: 'Check the user and the password in DATABASE_URL.',
    embeddedHint: wrongPassword,
  },
  '28000': {
    what: 'rejected the login',
    hint: "Check that the user in DATABASE_URL exists and may log in, and that the server's pg_hba.conf allows it from this machine (with or without TLS: sslmode).",
  },
  '3D000': {
    what: 'does not exist on that server',
    hint: 'Check the database name in DATABASE_URL, or create it: CREATE DATABASE … ENCODING UTF8.',
  },
  '25006': {
    what: 'is read-only',
    hint: 'Point DATABASE_URL at the primary server, not a hot standby, and make sure that default_transaction_read_only is off for its user and database.',
  },
  '53100': {
    what: 'has no disk space left',
    hint: 'Free or add disk space on the database server and run the command again; it resumes after the last committed page.',
    embeddedHint: diskFull,
  },
  '42501': {
    what: 'denied a permission',
    hint: 'Make the user of DATABASE_URL the owner of the database, or at least of the schema tn_ledger: GRANT CREATE ON DATABASE … TO …. The owner of older objects can transfer them with REASSIGN OWNED.',
  },
  '53300': {
    what: 'has no connections left',
    hint: 'Wait for other programs to disconnect, raise max_connections on the server, or raise the limit of the user or database (ALTER ROLE … CONNECTION LIMIT).',
    embeddedHint: tooMany,
    isTemporary: true,
  },
  '55P03': {
    isTemporary: true,
    what: "made a statement wait for another session's lock longer than TN_LEDGER_LOCK_TIMEOUT allows",
    hint: 'The log shows who holds it (pid, user, query). Wait for that session or end it, and run the command again; it resumes after the last committed page.',
  },
  '40P01': {
    isTemporary: true,
    what: 'rolled back a transaction because it was deadlocked with another session',
    hint: 'None of it was written. Run the command again; it resumes after the last committed page.',
  },
  '40001': {
    isTemporary: true,
    what: 'rolled back a transaction because another session changed the same rows',
    hint: 'None of it was written. Run the command again; it resumes after the last committed page.',
  },
  '57P01': {
    isTemporary: true,
    what: 'was shut down, or an administrator ended the connection',
    hint: 'Run the command again when the server is up; it resumes after the last committed page.',
    embeddedHint: restart,
  },
  '57P02': {
    isTemporary: true,
    what: 'crashed and is recovering',
    hint: "Check the server's log, and run the command again when it is up.",
    embeddedHint: restart,
  },
  '57P03': {
    isTemporary: true,
    what: 'is starting up, recovering, or shutting down',
    hint: 'Run the command again when the server accepts connections.',
    embeddedHint: restart,
  },
};

const down: Finding = {
  isTemporary: true,
  what: 'is not reachable',
  hint: 'Check that the server is running and listening there, that no firewall blocks this machine, and that the host and port in DATABASE_URL are correct; or unset DATABASE_URL to use the embedded database.',
  embeddedHint: restart,
};
const lost: Finding = {
  isTemporary: true,
  what: 'closed the connection unexpectedly',
  hint: "Check the server's log and the network, and run the command again; it resumes after the last committed page.",
  embeddedHint: restart,
};
const distrusted: Finding = {
  what: 'could not be reached over TLS',
  hint: 'Set the certificate authority with sslrootcert=… in DATABASE_URL, or choose another sslmode (disable, no-verify, verify-full).',
};

/** Codes of Node.js network and TLS errors. */
const byNetworkCode: Record<string, Finding> = {
  ECONNREFUSED: down,
  ENOTFOUND: { what: 'has an unknown host name', hint: 'Check the host in DATABASE_URL and the DNS of this machine.' },
  EAI_AGAIN: {
    isTemporary: true,
    what: 'has a host name that DNS could not resolve',
    hint: 'Check the DNS of this machine and the host in DATABASE_URL.',
  },
  ETIMEDOUT: down,
  EHOSTUNREACH: down,
  ENETUNREACH: down,
  ECONNRESET: lost,
  EPIPE: lost,
  ENOSPC: bySqlState['53100'] as Finding,
  SELF_SIGNED_CERT_IN_CHAIN: distrusted,
  DEPTH_ZERO_SELF_SIGNED_CERT: distrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: distrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: distrusted,
  CERT_HAS_EXPIRED: distrusted,
  ERR_TLS_CERT_ALTNAME_INVALID: distrusted,
};

/** Errors of the driver without a code, or with a code that is ambiguous without the message. */
const byMessage: [RegExp, Finding][] = [
  [/^connect (ENOENT|EACCES) /, down], // a Unix socket that doesn't exist or isn't accessible
  [/^timeout expired$|due to connection timeout|^timeout exceeded when trying to connect/, down],
  [/^Connection terminated|connection was closed|^Client (?:has encountered|was closed)|^Query read timeout$/, lost],
  [/does not support SSL/, distrusted],
  [
    /client password must be a string|No password supplied/i,
    { what: 'requires a password', hint: 'Add the password to DATABASE_URL, or set PGPASSFILE to a password file.' },
  ],
];

/**
 * Converts errors of PostgreSQL, its driver, and the network to readable messages. Returns a LedgerError unchanged; an
 * unknown error keeps its message and SQLSTATE. A file system error names its file, not the database.
 *
 * @param describe the database without credentials, as in `Database.describe`
 */
export function toLedgerError(error: unknown, describe: string): LedgerError {
  if (error instanceof LedgerError) {
    return error;
  }
  const code = codeOf(error);
  const message = messageOf(error);
  const file = fileOf(error);
  if (file !== undefined) {
    return new LedgerError(`${file} can't be used: ${message}`, {
      hint:
        code === 'EACCES' || code === 'EPERM'
          ? 'Give the user that runs tn-ledger read and write access to it and its folder, and run the command again.'
          : 'Fix the cause and run the command again.',
      cause: error,
    });
  }
  const finding =
    (code === undefined ? undefined : (bySqlState[code] ?? byNetworkCode[code])) ??
    byMessage.find(([pattern]) => pattern.test(message))?.[1];
  if (finding === undefined) {
    const context = contextOf(error);
    return new LedgerError(`Database ${describe}: ${message}${context === '' ? '' : ` (${context})`}`, {
      cause: error,
    });
  }
  const embedded = describe.startsWith(embeddedPrefix);
  return new (finding.isTemporary ? OutageError : LedgerError)(
    `The ${embedded ? '' : 'database '}${describe} ${finding.what}: ${message}`,
    {
      hint: (embedded ? finding.embeddedHint : undefined) ?? finding.hint,
      cause: error,
    },
  );
}

/**
 * Whether an error comes from PostgreSQL, its driver, or the network: it has an SQLSTATE, a network code, or one of the messages of the
 * driver, which has no codes for the connections that it gives up.
 */
export function isDatabaseError(error: unknown): boolean {
  const { severity } = error as { severity?: string };
  return (
    severity !== undefined ||
    /^(E[A-Z]+|\d{5})$/.test(codeOf(error) ?? '') ||
    byMessage.some(([pattern]) => pattern.test(messageOf(error)))
  );
}

/** The database can't be used at the moment. It may pass by itself. */
export class OutageError extends LedgerError {
  override readonly name: string = 'OutageError';
}

/** A transaction waited too long for a lock that another session holds, and was rolled back. */
export class LockError extends OutageError {
  override readonly name = 'LockError';
  /** The SQLSTATE. */
  readonly code = '55P03';
}

/**
 * The error for a transaction that was rolled back because all its attempts together waited too long for a lock.
 *
 * @param wait the observed lock wait; undefined if none was observed
 */
export function toLockError(
  error: unknown,
  { describe, lockTimeoutMs }: { describe: string; lockTimeoutMs: number },
  wait: LockWait | undefined,
): LockError {
  const setting = `TN_LEDGER_LOCK_TIMEOUT=${printDuration(lockTimeoutMs)}`;
  const blocker = wait === undefined ? 'another session holds it' : `it is blocked by ${describeBlocker(wait.blocker)}`;
  const end =
    wait === undefined ? '' : ` (as its user or a superuser: select pg_terminate_backend(${wait.blocker.pid}))`;
  return new LockError(
    `The ${describe.startsWith(embeddedPrefix) ? '' : 'database '}${describe} made a transaction wait for a lock${wait === undefined ? '' : ` on ${wait.locked}`} ` +
      `for longer than ${setting} allows: ${blocker}. None of the transaction was written.`,
    {
      hint: `Wait for that session or end it${end}, and run the command again; it resumes after the last committed page.`,
      cause: error,
    },
  );
}

/** Name of a data folder's embedded server in messages. */
export function describeEmbedded(dataDir: string): string {
  return `${embeddedPrefix}${dataDir}`;
}

/** The error for a server that is too old; undefined if it is new enough. */
export function checkServerVersion(version: number, describe: string): LedgerError | undefined {
  if (version >= oldestServerVersion) {
    return undefined;
  }
  const oldest = oldestServerVersion / 10000;
  return new LedgerError(
    `The database ${describe} is too old: PostgreSQL ${printVersion(version)}, but ${oldest} or later is required.`,
    {
      hint: `Upgrade the server, or point DATABASE_URL at one of version ${oldest} or later, or unset it to use the embedded database.`,
    },
  );
}

/** The error for a database whose encoding isn't UTF-8; undefined if it is. */
export function checkEncoding(encoding: string, describe: string): LedgerError | undefined {
  if (encoding === 'UTF8') return undefined;
  return new LedgerError(`The database ${describe} uses ${encoding}; tn-ledger needs UTF8. Nothing was changed.`, {
    hint: "Create another database (create database tn_ledger encoding 'UTF8' locale 'C' template template0) and set DATABASE_URL to it.",
  });
}

/** 180004 is 18.4, 90624 is 9.6.24. */
function printVersion(version: number): string {
  const [major, rest] = [Math.floor(version / 10000), version % 10000];
  return version >= 100000 ? `${major}.${rest}` : `${major}.${Math.floor(rest / 100)}.${rest % 100}`;
}

/** The file of a file system error. The path of a socket error is an address, not a file. */
function fileOf(error: unknown): string | undefined {
  const { path, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  return syscall === undefined || syscall === 'connect' ? undefined : path;
}

function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError) {
    return codeOf(error.errors[0]) ?? (error as NodeJS.ErrnoException).code; // localhost was tried as ::1 and 127.0.0.1
  }
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** SQLSTATE, object, and location of a server error, without the values of the row, which may be call records. */
function contextOf(error: unknown): string {
  const { schema, table, column, constraint, where } = (error ?? {}) as Record<string, string | undefined>;
  const code = codeOf(error);
  const relation = table === undefined ? undefined : `table ${schema === undefined ? '' : `${schema}.`}${table}`;
  return [
    code === undefined ? undefined : `SQLSTATE ${code}`,
    relation,
    column === undefined ? undefined : `column ${column}`,
    constraint === undefined ? undefined : `constraint ${constraint}`,
    where === undefined ? undefined : where.split('\n')[0]?.replace(/: ".*$/, ''),
  ]
    .filter((part) => part !== undefined)
    .join(', ');
}
