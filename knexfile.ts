import { loadConfig } from './src/config.js';
import { openDatabase } from './src/database/connect.js';
import { knexConfig, schemaName } from './src/database/migrations.js';

/**
 * Configuration for the knex command line, after `npm run build`: `npx knex --knexfile dist/knexfile.js
 * migrate:status`. Reads the same environment as tn-ledger, and starts and stops the embedded server in the same way.
 */
export default async function configuration() {
  // Knex changes to this file's folder. npx provides the original working directory, where .env is.
  const config = loadConfig({ env: process.env, cwd: process.env.INIT_CWD ?? process.cwd(), needsApi: false });
  const database = await openDatabase({
    databaseUrl: config.databaseUrl,
    dataDir: config.dataDir,
    lockTimeoutMs: config.lockTimeoutMs,
    applicationName: 'knex',
    log: (message) => process.stderr.write(`${message}\n`),
  });
  // Knex creates its table in the schema, but not the schema itself.
  await database.pool.query(`create schema if not exists ${schemaName}`);
  closeBeforeExit(() => database.close());
  return knexConfig(database);
}

/**
 * Knex has no hook at the end of a command: it calls `process.exit`, and an exit listener can't wait for the server to
 * stop. So this delays the exit until the database is closed.
 */
function closeBeforeExit(close: () => Promise<void>): void {
  const exit = process.exit.bind(process);
  process.exit = ((code?: number) => void close().finally(() => exit(code))) as typeof process.exit;
}
