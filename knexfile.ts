import { loadConfig } from './src/config.js';
import { openDatabase } from './src/database/connect.js';
import { knexConfig } from './src/database/migrations.js';

/**
 * For knex's own command line, after `npm run build`: `npx knex --knexfile dist/knexfile.js migrate:status`. It reads the same
 * environment as the program. With the embedded PostgreSQL, which lives only while a command uses it, the server stays
 * joined until knex ends.
 */
export default async function configuration() {
  const config = loadConfig({ env: process.env, cwd: process.cwd(), needsApi: false });
  const database = await openDatabase({
    databaseUrl: config.databaseUrl,
    dataDir: config.dataDir,
    applicationName: 'knex',
    log: (message) => process.stderr.write(`${message}\n`),
  });
  const { url } = database;
  process.once('beforeExit', () => void database.close());
  return knexConfig(url);
}
