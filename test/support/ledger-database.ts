import type { ExecutionContext } from 'ava';
import { type Database, openDatabase } from '../../src/database/connect.js';
import { ledgerTemplate, type TestServer, withFreshDatabase } from './postgres.js';

export interface TestLedgerDatabase {
  database: Database;
  url: string;
  superuserUrl: string;
}

export interface OpenOptions {
  dataDir?: string;
  log?: (message: string) => void;
}

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
export function makeLedgerDatabase(server: TestServer): ReturnType<typeof withFreshDatabase> {
  return withFreshDatabase(server, { template: ledgerTemplate });
}

function open(url: string, { dataDir = '/nonexistent', log = () => undefined }: OpenOptions): Promise<Database> {
  return openDatabase({ databaseUrl: url, dataDir, applicationName: 'tn-ledger tests', log });
}
