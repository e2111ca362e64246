import { loadConfig } from './src/config.js';
import { openDatabase } from './src/database/connect.js';
import { knexConfig, schemaName } from './src/database/migrations.js';

/**
 * For knex's own command line, after `npm run build`: `npx knex --knexfile dist/knexfile.js migrate:status`. It reads the same
 * environment as the program. Knex ends its process at once: an embedded server that it started goes on until the next
 * tn-ledger command ends, which finds that nobody else uses it.
 */
export default async function configuration() {
  // Knex changes into the folder of this file; npx tells the one that the command was typed in, where .env is.
  const config = loadConfig({ env: process.env, cwd: process.env.INIT_CWD ?? process.cwd(), needsApi: false });
  const { pool, url } = await openDatabase({
    databaseUrl: config.databaseUrl,
    dataDir: config.dataDir,
    applicationName: 'knex',
    log: (message) => process.stderr.write(`${message}\n`),
  });
  // Knex makes its table in the schema, but not the schema.
  await pool.query(`create schema if not exists ${schemaName}`);
  await pool.end();
  return knexConfig(url);
}
