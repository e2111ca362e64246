import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { LedgerError, messageOf } from '../../errors.js';
import { isAbsent, writeWhole } from './storage.js';

/** The same for every embedded server. */
export const endpoint = { host: '127.0.0.1', user: 'tn_ledger', database: 'tn_ledger', superuser: 'postgres' } as const;

/** What connection.json remembers from one start to the next. */
export interface Connection {
  /** Of the last start; another one is chosen if somebody else has it. */
  port: number;
  /** Of the role `tn_ledger`, which all commands use. */
  password: string;
  /** Of the role `postgres`, which only creates the other one and its database. */
  superuserPassword: string;
}

/** Undefined: there is no such file yet. */
export async function readConnection(path: string): Promise<Connection | undefined> {
  const text = await readFile(path, 'utf8').catch(isAbsent);
  if (text === undefined) {
    return undefined;
  }
  const { port, password, superuserPassword } = parse(text);
  if (typeof port !== 'number' || typeof password !== 'string' || typeof superuserPassword !== 'string') {
    throw new LedgerError(`${path} is damaged: it should hold the embedded database's port and passwords.`, {
      hint: 'Restore that file from a backup; the database itself is untouched.',
    });
  }
  return { port, password, superuserPassword };
}

/** Never quotes the text, which holds passwords. */
function parse(text: string): Partial<Record<keyof Connection, unknown>> {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

export async function writeConnection(path: string, connection: Connection): Promise<void> {
  // All that a person needs for psql or another tool.
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
 * A free port on loopback, preferably below those that systems hand out to outgoing connections (32768 and up), so that it is likely
 * to be free at the next start as well.
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
        hint: 'The embedded database needs the loopback interface; set DATABASE_URL to use another server.',
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
