import { loadConfig } from './src/config.js';
import { openDatabase } from './src/database/connect.js';
import { knexConfig, schemaName } from './src/database/migrations.js';

/**
 * For knex's own command line, after `npm run build`: `npx knex --knexfile dist/knexfile.js migrate:status`. It reads the same
 * environment as the program, and starts and stops the embedded server the same way.
 */
export default async function configuration() {
  // Knex changes into the folder of this file; npx tells the one that the command was typed in, where .env is.
  const config = loadConfig({ env: process.env, cwd: process.env.INIT_CWD ?? process.cwd(), needsApi: false });
  const database = await openDatabase({
    databaseUrl: config.databaseUrl,
    dataDir: config.dataDir,
    applicationName: 'knex',
    log: (message) => process.stderr.write(`${message}\n`),
  });
  // Knex makes its table in the schema, but not the schema.
  await database.pool.query(`create schema if not exists ${schemaName}`);
  closeBeforeExit(() => database.close());
  return knexConfig(database);
}

/**
 * Knex has no hook at the end of a command: it calls `process.exit`, which gives an exit listener no time to stop a server. So the
 * exit waits here until the database is closed.
 */
function closeBeforeExit(close: () => Promise<void>): void {
  const exit = process.exit.bind(process);
  process.exit = ((code?: number) => void close().finally(() => exit(code))) as typeof process.exit;
}
