import type { Knex } from 'knex';
import type pg from 'pg';
import { type Migration, migrations } from '../../migrations/index.js';
import { dropStatements, readRepeatables } from '../../migrations/repeatable.js';
import { LedgerError } from '../errors.js';
import { version } from '../version.js';
import { type Database, prepareSession } from './connect.js';
import { grantReaders } from './roles.js';

export const schemaName = 'tn_ledger';

/** Key of the advisory lock that one migrating process holds; any fixed number serves, as long as it never changes. */
const migrationLockKey = 7_386_001;

/**
 * Knex's migration source over the list in `migrations/`. A step up makes all repeatable migrations pending; a step down drops
 * what they made, because it may drop the tables below. Both hold for knex's own command line, too.
 */
export const migrationSource: Knex.MigrationSource<Migration> = {
  // `file` is what knex's own command line prints of a pending migration.
  getMigrations: async () => migrations.map((migration) => ({ ...migration, file: migration.name })),
  getMigrationName: (migration) => migration.name,
  getMigration: async ({ name, up, down }) => ({
    name,
    up: async (knex) => {
      await knex.raw(`drop table if exists ${repeatableTable}`);
      await up(knex);
    },
    down: async (knex) => {
      for (const statement of [...dropStatements(), `drop table if exists ${repeatableTable}`])
        await knex.raw(statement);
      await down(knex);
    },
  }),
};

/** Which repeatable migrations are applied, by checksum. */
const repeatableTable = `${schemaName}.repeatable_migrations`;

/** The knex configuration of the program, the same for `knexfile.ts`. */
export function knexConfig({ url, serverVersion }: Pick<Database, 'url' | 'serverVersion'>): Knex.Config {
  return {
    client: 'pg',
    connection: url,
    pool: {
      min: 0,
      max: 2,
      afterCreate: (client: pg.Client, done: (error: unknown, client: pg.Client) => void) =>
        prepareSession(client, { serverVersion }).then(
          () => done(null, client),
          (error: unknown) => done(error, client),
        ),
    },
    migrations: { migrationSource, schemaName, tableName: 'knex_migrations' },
  };
}

export interface SchemaState {
  /** Numbered migrations first, then the repeatable ones that are as this version has them. */
  applied: string[];
  pending: string[];
}

/** Which migrations the database has and lacks. Throws when it has numbered ones that this version does not know. */
export async function readSchemaState(database: Pick<Database, 'pool' | 'describe'>): Promise<SchemaState> {
  const exists = await database.pool.query(
    `select to_regclass('${schemaName}.knex_migrations') is not null as numbered,
       to_regclass('${repeatableTable}') is not null as repeatable`,
  );
  const applied: string[] = exists.rows[0].numbered
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
  const changed = await changedRepeatables(database.pool, exists.rows[0].repeatable);
  const current = readRepeatables().filter((each) => !changed.includes(each.name));
  return {
    applied: [...applied, ...current.map(({ name }) => name)],
    pending: [...known.filter((name) => !applied.includes(name)), ...changed],
  };
}

async function changedRepeatables(client: pg.Pool | pg.ClientBase, tableExists: boolean): Promise<string[]> {
  const { rows } = tableExists ? await client.query(`select name, checksum from ${repeatableTable}`) : { rows: [] };
  const applied = new Map(rows.map(({ name, checksum }) => [name, checksum]));
  return readRepeatables()
    .filter(({ name, checksum }) => applied.get(name) !== checksum)
    .map(({ name }) => name);
}

/**
 * Brings the schema up to date and returns the names of the migrations applied now. One process migrates at a time, by
 * an advisory lock that ends with its connection: knex's own lock is a row, which a killed process would leave behind for
 * ever, so that it is freed here, where nobody else can hold it.
 *
 * @throws LedgerError a function or view could not be replaced
 */
export async function migrate(database: Database): Promise<string[]> {
  if ((await readSchemaState(database)).pending.length === 0) return [];
  return withMigrationLock(database, async (knex, holder) => {
    const [, applied]: [number, string[]] = await knex.migrate.latest();
    const repeated = await applyRepeatables(holder);
    await grantReaders(database.pool);
    return [...applied, ...repeated];
  });
}

/** Applies all repeatable migrations in one transaction if one of them changed, and returns the names of those that did. */
async function applyRepeatables(client: pg.ClientBase): Promise<string[]> {
  await client.query('begin');
  try {
    await client.query(`
      create table if not exists ${repeatableTable} (
        name text primary key,
        checksum text not null,
        applied_at timestamptz not null default now()
      );
      comment on table ${repeatableTable} is 'Files of functions, triggers and views that were applied after the migrations of knex_migrations.';
      comment on column ${repeatableTable}.name is 'Name of the file';
      comment on column ${repeatableTable}.checksum is 'SHA-256 of its content; another one makes tn-ledger apply all files again';
      comment on column ${repeatableTable}.applied_at is 'When the files were last applied';
    `);
    const changed = await changedRepeatables(client, true);
    if (changed.length > 0) {
      for (const { name, sql } of readRepeatables()) {
        await client.query(await sql()).catch((error) => {
          throw new LedgerError(`The functions and views of ${name} could not be replaced: ${error.message}.`, {
            cause: error,
            hint: error.detail === undefined ? undefined : `${error.detail}.`,
          });
        });
      }
      await client.query(`delete from ${repeatableTable}`);
      await client.query(
        `insert into ${repeatableTable} (name, checksum) select * from unnest($1::text[], $2::text[])`,
        [readRepeatables().map(({ name }) => name), readRepeatables().map(({ checksum }) => checksum)],
      );
    }
    await client.query('commit');
    return changed;
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

/** Takes back the newest numbered migration and returns its name, or undefined when there is none. */
export async function rollbackOne(database: Database): Promise<string | undefined> {
  if ((await readSchemaState(database)).applied.length === 0) return undefined;
  return withMigrationLock(database, async (knex) => {
    const [, undone]: [number, string[]] = await knex.migrate.down();
    return undone[0];
  });
}

async function withMigrationLock<T>(
  database: Database,
  work: (knex: Knex, holder: pg.ClientBase) => Promise<T>,
): Promise<T> {
  // Most commands find the schema as it should be, and start the sooner without it.
  const { default: knexFactory } = await import('knex');
  const holder = await database.pool.connect();
  const knex = knexFactory(knexConfig(database));
  try {
    await holder.query('select pg_advisory_lock($1)', [migrationLockKey]);
    await holder.query(`create schema if not exists ${schemaName}`);
    await knex.migrate.forceFreeMigrationsLock();
    return await work(knex, holder);
  } finally {
    await knex.destroy();
    await holder.query('select pg_advisory_unlock($1)', [migrationLockKey]);
    holder.release();
  }
}
