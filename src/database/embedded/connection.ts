import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { LedgerError, messageOf } from '../../errors.js';
import { isAbsent, writeWhole } from './storage.js';

/** The same for every embedded server. */
export const endpoint = { host: '127.0.0.1', user: 'tn_ledger', database: 'tn_ledger', superuser: 'postgres' } as const;

/** The content of connection.json, kept between starts. */
export interface Connection {
  /** Port of the last start; a new one is chosen if it is taken. */
  port: number;
  /** Password of the role `tn_ledger`, which all commands use. */
  password: string;
  /** Password of the role `postgres`, which is only used to create the other role and its database. */
  superuserPassword: string;
}

/** Undefined if the file doesn't exist yet. */
export async function readConnection(path: string): Promise<Connection | undefined> {
  const text = await readFile(path, 'utf8').catch(isAbsent);
  if (text === undefined) {
    return undefined;
  }
  const { port, password, superuserPassword } = parse(text);
  if (typeof port !== 'number' || typeof password !== 'string' || typeof superuserPassword !== 'string') {
    throw new LedgerError(`${path} is damaged: it should contain the embedded database's port and passwords.`, {
      hint: 'Restore the file from a backup. The database itself is unchanged.',
    });
  }
  return { port, password, superuserPassword };
}

/** Never quotes the text, which contains passwords. */
function parse(text: string): Partial<Record<keyof Connection, unknown>> {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

export async function writeConnection(path: string, connection: Connection): Promise<void> {
  // Includes everything needed to connect with psql or another tool.
  const { host, user, database } = endpoint;
  await writeWhole(path, `${JSON.stringify({ host, user, database, ...connection }, undefined, 2)}\n`, 0o600);
}

export async function newConnection(): Promise<Connection> {
  return {
    port: await choosePort(),
    password: randomBytes(24).toString('base64url'),
    superuserPassword: randomBytes(24).toString('base64url'),
  };
}

/**
 * Chooses a free loopback port, preferably below the range for outgoing connections (32768 and up), so that it is
 * likely to be free at the next start as well.
 */
export async function choosePort(): Promise<number> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if (await isFree(port)) {
      return port;
    }
  }
  return listenOnce(0);
}

export async function isFree(port: number): Promise<boolean> {
  return listenOnce(port).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') {
        return false;
      }
      throw new LedgerError(`No port can be opened on 127.0.0.1: ${messageOf(error)}`, {
        hint: 'Enable the loopback interface, which the embedded database requires, or set DATABASE_URL to use another server.',
        cause: error,
      });
    },
  );
}

function listenOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1' }, () => {
      const address = server.address();
      const taken = address === null || typeof address === 'string' ? port : address.port;
      server.close(() => resolve(taken));
    });
  });
}
