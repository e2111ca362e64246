import { LedgerError, messageOf } from '../errors.js';

/** The oldest PostgreSQL that the program works with, as `server_version_num` counts. */
export const oldestServerVersion = 150000;

interface Finding {
  /** Completes "The database <where> …". */
  what: string;
  hint: string;
  /** The mend where the server is ours, and DATABASE_URL isn't set. */
  embeddedHint?: string;
}

const embeddedPrefix = 'embedded PostgreSQL in ';
const restart =
  'Run the command again, which starts the server if need be; its logs are in postgres/log of the data folder.';
const wrongPassword =
  "The passwords in postgres/connection.json of the data folder aren't the server's: restore that file from a backup.";
const diskFull =
  'Free some disk space for the data folder and run the command again; it resumes after the last committed page.';
const tooMany =
  'Wait for the other commands and programs that use the embedded database to end, and run the command again.';

/** Known SQLSTATEs; PostgreSQL documentation, appendix A. */
const bySqlState: Record<string, Finding> = {
  '28P01': {
    what: 'refused the user name or password',
    hint: 'Check the user and the password in DATABASE_URL.',
    embeddedHint: wrongPassword,
  },
  '28000': {
    what: 'refused the login',
    hint: 'Check that the user in DATABASE_URL exists and may log in, and that pg_hba.conf on the server admits it from this machine (with or without TLS: sslmode).',
  },
  '3D000': {
    what: 'does not exist on that server',
    hint: 'Check the database name in DATABASE_URL, or create it: CREATE DATABASE … ENCODING UTF8.',
  },
  '25006': {
    what: 'is read-only',
    hint: 'Point DATABASE_URL at the primary server, not at a hot standby, and see that default_transaction_read_only is off for its user and database.',
  },
  '53100': {
    what: 'has no room left on its disk',
    hint: 'Free or add disk space on the database server and run the command again; it resumes after the last committed page.',
    embeddedHint: diskFull,
  },
  '42501': {
    what: 'denied a permission',
    hint: 'Let the user of DATABASE_URL own the database, or at least the schema tn_ledger: GRANT CREATE ON DATABASE … TO …; an owner of older objects can hand them over with REASSIGN OWNED.',
  },
  '53300': {
    what: 'has no connection left',
    hint: 'Wait for other programs to disconnect, raise max_connections on the server, or raise the limit of the user or database (ALTER ROLE … CONNECTION LIMIT).',
    embeddedHint: tooMany,
  },
  '55P03': {
    what: 'kept a statement waiting for a lock that another session holds, for longer than the limit',
    hint: 'The log says who holds it (pid, user, query). End that session or wait for it, and run the command again; it resumes after the last committed page.',
  },
  '57P01': {
    what: 'was shut down, or an administrator ended the connection',
    hint: 'Run the command again when the server is up; it resumes after the last committed page.',
    embeddedHint: restart,
  },
  '57P02': {
    what: 'crashed and is recovering',
    hint: "Look at the server's log, and run the command again when it is up.",
    embeddedHint: restart,
  },
  '57P03': {
    what: 'is starting up, recovering or shutting down',
    hint: 'Run the command again when the server accepts connections.',
    embeddedHint: restart,
  },
};

const down: Finding = {
  what: 'is not reachable',
  hint: 'Check that the server runs and listens there, that a firewall lets this machine through, and the host and port in DATABASE_URL; or unset DATABASE_URL to use the embedded database.',
  embeddedHint: restart,
};
const lost: Finding = {
  what: 'closed the connection unexpectedly',
  hint: "Look at the server's log and at the network in between, and run the command again; it resumes after the last committed page.",
  embeddedHint: restart,
};
const distrusted: Finding = {
  what: 'could not be reached over TLS',
  hint: 'Give the certificate authority with sslrootcert=… in DATABASE_URL, or choose another sslmode (disable, no-verify, verify-full).',
};

/** Codes of Node's network and TLS errors. */
const byNetworkCode: Record<string, Finding> = {
  ECONNREFUSED: down,
  ENOTFOUND: { what: 'has an unknown host name', hint: 'Check the host in DATABASE_URL, and the DNS of this machine.' },
  EAI_AGAIN: {
    what: 'has a host name that DNS did not answer for',
    hint: 'Check the DNS of this machine, and the host in DATABASE_URL.',
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

/** Errors of the driver that carry no code, or one that means this only where its message goes along. */
const byMessage: [RegExp, Finding][] = [
  [/^connect (ENOENT|EACCES) /, down], // a Unix socket that is not there or not ours to use
  [/^timeout expired$|due to connection timeout/, down],
  [/^Connection terminated|connection was closed|Client has encountered a connection error/, lost],
  [/does not support SSL/, distrusted],
  [
    /client password must be a string|No password supplied/i,
    { what: 'wants a password', hint: 'Put the password into DATABASE_URL, or name a file with it in PGPASSFILE.' },
  ],
];

/**
 * The one place where errors of PostgreSQL, its driver and the network become sentences.
 * Errors that are already meant for the reader come back as they are; one that is not known here keeps its message and SQLSTATE.
 *
 * @param describe the database without credentials, as in `Database.describe`
 */
export function toLedgerError(error: unknown, describe: string): LedgerError {
  if (error instanceof LedgerError) {
    return error;
  }
  const code = codeOf(error);
  const message = messageOf(error);
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
  return new LedgerError(`The ${embedded ? '' : 'database '}${describe} ${finding.what}: ${message}`, {
    hint: (embedded ? finding.embeddedHint : undefined) ?? finding.hint,
    cause: error,
  });
}

/** What messages call the embedded server of a data folder. */
export function describeEmbedded(dataDir: string): string {
  return `${embeddedPrefix}${dataDir}`;
}

/** The error for a server that is too old; undefined: it is new enough. */
export function checkServerVersion(version: number, describe: string): LedgerError | undefined {
  if (version >= oldestServerVersion) {
    return undefined;
  }
  const oldest = oldestServerVersion / 10000;
  return new LedgerError(
    `The database ${describe} is too old: PostgreSQL ${printVersion(version)}, and ${oldest} or later is needed.`,
    {
      hint: `Upgrade the server, or point DATABASE_URL at one of version ${oldest} or later, or unset it to use the embedded database.`,
    },
  );
}

/** 180004 is 18.4, 90624 is 9.6.24. */
function printVersion(version: number): string {
  const [major, rest] = [Math.floor(version / 10000), version % 10000];
  return version >= 100000 ? `${major}.${rest}` : `${major}.${Math.floor(rest / 100)}.${rest % 100}`;
}

function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError) {
    return codeOf(error.errors[0]) ?? (error as NodeJS.ErrnoException).code; // localhost was tried as ::1 and as 127.0.0.1
  }
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** SQLSTATE, object and place of an error of the server; the values of the row at fault, which may be call records, stay out. */
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
