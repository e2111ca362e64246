import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, readlink, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { ExecutionContext } from 'ava';
import pg from 'pg';
import { findPostmaster } from '../../../src/database/embedded/postmaster.js';
import { type EmbeddedServer, joinEmbeddedServer } from '../../../src/database/embedded.js';
import { copyFlags, freePort, removeDataFolder } from '../../support/postgres.js';
import { serverTempFolder } from '../../support/temp-folder.js';

/** A data folder for one test, and a substitute for /var/lib/tn-ledger. */
export interface Place {
  /** The parent folder; every account may enter it. */
  base: string;
  dataDir: string;
  systemFolder: string;
}

/** @param content `database`: a server has been there before; a copy, which is quicker than initdb */
export async function makePlace(t: ExecutionContext, content: 'database' | 'empty' = 'database'): Promise<Place> {
  const place = await makeFolders();
  t.teardown(() => removePlace(place));
  if (content === 'database') {
    template ??= makeTemplate();
    await copyHome(await template, place);
  }
  return place;
}

async function makeFolders(): Promise<Place> {
  const base = await mkdtemp(join(serverTempFolder(), 'tn-ledger-embedded-'));
  await chmod(base, 0o755);
  return { base, dataDir: join(base, "the data's"), systemFolder: join(base, "the system's") };
}

async function removePlace(place: Place): Promise<void> {
  await removeDataFolder(place.dataDir);
  await rm(place.base, { recursive: true, force: true, maxRetries: 5 });
}

let template: Promise<Place> | undefined;

async function makeTemplate(): Promise<Place> {
  const place = await makeFolders();
  process.once('exit', () => rmSync(place.base, { recursive: true, force: true }));
  await (await joinAt(place)).release();
  return place;
}

async function copyHome(from: Place, to: Place): Promise<void> {
  const link = await readlink(join(from.dataDir, 'postgres')).catch(() => undefined);
  const home = link === undefined ? join(to.dataDir, 'postgres') : join(to.systemFolder, basename(link));
  await mkdir(to.dataDir);
  await mkdir(dirname(home), { recursive: true });
  await promisify(execFile)('cp', [...copyFlags, await homeOf(from), home]);
  if (link !== undefined) {
    await symlink(home, join(to.dataDir, 'postgres'));
  }
  const file = join(home, 'connection.json');
  const connection = { ...JSON.parse(await readFile(file, 'utf8')), port: await freePort() };
  await writeFile(file, JSON.stringify(connection, undefined, 2));
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

/** The folder with all files of the server. */
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

/** Waits until a condition is true, limited by the test's timeout. */
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
