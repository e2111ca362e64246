import type { Knex } from 'knex';
import { type Migration, migrations } from '../../migrations/index.js';
import { LedgerError } from '../errors.js';
import { version } from '../version.js';
import type { Database } from './connect.js';
import { grantReaders } from './roles.js';

export const schemaName = 'tn_ledger';

/** Key of the advisory lock that one migrating process holds; any fixed number serves, as long as it never changes. */
const migrationLockKey = 7_386_001;

/** Knex's migration source over the list in `migrations/`. */
export const migrationSource: Knex.MigrationSource<Migration> = {
  getMigrations: async () => [...migrations],
  getMigrationName: (migration) => migration.name,
  getMigration: async (migration) => migration,
};

/** The knex configuration of the program, the same for `knexfile.ts`. */
export function knexConfig(connectionString: string): Knex.Config {
  return {
    client: 'pg',
    connection: connectionString,
    pool: { min: 0, max: 2 },
    migrations: { migrationSource, schemaName, tableName: 'knex_migrations' },
  };
}

export interface SchemaState {
  applied: string[];
  pending: string[];
}

/** Which migrations the database has and lacks. Throws when it has some that this version does not know. */
export async function readSchemaState(database: Pick<Database, 'pool' | 'describe'>): Promise<SchemaState> {
  const exists = await database.pool.query(`select to_regclass('${schemaName}.knex_migrations') is not null as exists`);
  const applied: string[] = exists.rows[0].exists
    ? (await database.pool.query(`select name from ${schemaName}.knex_migrations order by id`)).rows.map(
        (row) => row.name,
      )
    : [];
  const known = migrations.map((migration) => migration.name);
  const unknown = applied.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new LedgerError(
      `The schema of ${database.describe} is newer than this tn-ledger ${version}: it has ${unknown.join(', ')}. Nothing was changed.`,
      { hint: 'Install the newer tn-ledger that made it.' },
    );
  }
  return { applied, pending: known.filter((name) => !applied.includes(name)) };
}

/**
 * Brings the schema up to date and answers with the names of the migrations applied now. One process migrates at a time, by
 * an advisory lock that ends with its connection: knex's own lock is a row, which a killed process would leave behind for
 * ever, so that it is freed here, where nobody else can hold it.
 */
export async function migrate(database: Database): Promise<string[]> {
  if ((await readSchemaState(database)).pending.length === 0) return [];
  return withMigrationLock(database, async (knex) => {
    const [, applied]: [number, string[]] = await knex.migrate.latest();
    await grantReaders(database.pool);
    return applied;
  });
}

/** Takes back the newest migration and answers with its name, or undefined when there is none. */
export async function rollbackOne(database: Database): Promise<string | undefined> {
  if ((await readSchemaState(database)).applied.length === 0) return undefined;
  return withMigrationLock(database, async (knex) => {
    const [, undone]: [number, string[]] = await knex.migrate.down();
    return undone[0];
  });
}

async function withMigrationLock<T>(database: Database, work: (knex: Knex) => Promise<T>): Promise<T> {
  // Most commands find the schema as it should be, and start the sooner without it.
  const { default: knexFactory } = await import('knex');
  const holder = await database.pool.connect();
  const knex = knexFactory(knexConfig(database.url));
  try {
    await holder.query('select pg_advisory_lock($1)', [migrationLockKey]);
    await holder.query(`create schema if not exists ${schemaName}`);
    await knex.migrate.forceFreeMigrationsLock();
    return await work(knex);
  } finally {
    await knex.destroy();
    await holder.query('select pg_advisory_unlock($1)', [migrationLockKey]);
    holder.release();
  }
}
