import type { ExecutionContext } from 'ava';
import { type Database, openDatabase } from '../../src/database/connect.js';
import { migrate } from '../../src/database/migrations.js';
import { type TestServer, withFreshDatabase } from './postgres.js';

export interface TestLedgerDatabase {
  database: Database;
  url: string;
  superuserUrl: string;
}

export interface OpenOptions {
  dataDir?: string;
  log?: (message: string) => void;
}

/** By server, the name of a database that was migrated once: copying it takes a tenth of the time of migrating another. */
const templates = new WeakMap<TestServer, Promise<string>>();

/** Opens a database with the schema of a ledger and nothing in it, for one test. */
export async function openLedgerDatabase(
  t: ExecutionContext<unknown>,
  server: TestServer,
  options: OpenOptions = {},
): Promise<TestLedgerDatabase> {
  const { url, superuserUrl, drop } = await makeLedgerDatabase(server);
  t.teardown(drop);
  const database = await open(url, options);
  t.teardown(() => database.close());
  return { database, url, superuserUrl };
}

/** Such a database for whoever connects to it. */
export async function makeLedgerDatabase(server: TestServer): ReturnType<typeof withFreshDatabase> {
  let template = templates.get(server);
  if (template === undefined) {
    template = makeTemplate(server);
    templates.set(server, template);
  }
  return withFreshDatabase(server, { template: await template });
}

async function makeTemplate(server: TestServer): Promise<string> {
  const { url, name } = await withFreshDatabase(server);
  const database = await open(url, {});
  try {
    await migrate(database);
  } finally {
    // Nobody may be connected to a database that is copied.
    await database.close();
  }
  return name;
}

function open(url: string, { dataDir = '/nonexistent', log = () => undefined }: OpenOptions): Promise<Database> {
  return openDatabase({ databaseUrl: url, dataDir, applicationName: 'tn-ledger tests', log });
}
