import { chmod, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';
import pg from 'pg';
import { findPostmaster } from '../../../src/database/embedded/postmaster.js';
import { type EmbeddedServer, joinEmbeddedServer } from '../../../src/database/embedded.js';
import { removeDataFolder } from '../../support/postgres.js';

/** A data folder of its own for one test, and a stand-in for /var/lib/tn-ledger. */
export interface Place {
  /** Holds all else; every account may enter it. */
  base: string;
  dataDir: string;
  systemFolder: string;
}

export async function makePlace(t: ExecutionContext): Promise<Place> {
  // As root the servers run under another account, which must get in, so a private temporary folder of root's won't do.
  const base = await mkdtemp(join(process.getuid?.() === 0 ? '/tmp' : await realpath(tmpdir()), 'tn-ledger-embedded-'));
  await chmod(base, 0o755);
  const place = { base, dataDir: join(base, 'data'), systemFolder: join(base, 'system') };
  t.teardown(async () => {
    await removeDataFolder(place.dataDir);
    await rm(base, { recursive: true, force: true, maxRetries: 5 });
  });
  return place;
}

/** Joins from this process, and collects what is logged. */
export async function joinAt(
  { dataDir, systemFolder }: Place,
  signal?: AbortSignal,
): Promise<EmbeddedServer & { messages: string[] }> {
  const messages: string[] = [];
  const server = await joinEmbeddedServer({ dataDir, systemFolder, signal, log: (message) => messages.push(message) });
  return { ...server, messages };
}

/** The folder with everything of the server. */
export function homeOf({ dataDir }: Pick<Place, 'dataDir'>): Promise<string> {
  return realpath(join(dataDir, 'postgres'));
}

export async function postmasterOf(place: Pick<Place, 'dataDir'>): Promise<number | undefined> {
  return (await findPostmaster(join(await homeOf(place), 'data')))?.pid;
}

export async function ask<T extends pg.QueryResultRow>(server: EmbeddedServer, sql: string): Promise<T[]> {
  const { host, port, user, password, database } = server;
  const client = new pg.Client({ host, port, user, password, database });
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Waits until something is so; the test's own time limit ends it if it never is. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) {
    await delay(10);
  }
}

export async function makeFolder(path: string, mode: number): Promise<string> {
  await mkdir(path, { recursive: true });
  await chmod(path, mode);
  return path;
}
