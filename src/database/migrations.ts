import type { Knex } from 'knex';
import type pg from 'pg';
import { loadMigration, migrationNames } from '../../migrations/index.js';
import { dropStatements, readRepeatables } from '../../migrations/repeatable.js';
import { LedgerError, UsageError } from '../errors.js';
import { backoffMs, sleep } from '../retry.js';
import { version } from '../version.js';
import { type Database, pidOf, toLockError } from './connect.js';
import { isQueueReady, migrateQueue, queueMigration } from './queue-schema.js';
import { grantReaders } from './roles.js';
import { prepareSession } from './session.js';
import { describeBlocker, type LockWait, readWaits } from './watch-locks.js';

export { baseline, migrationNames } from '../../migrations/index.js';

export const schemaName = 'tn_ledger';

/** Key of the advisory lock for migrating: an arbitrary number that must never change. */
const migrationLockKey = 7_386_001;

/**
 * Knex migration source for the list in `migrations/`. A step up makes all repeatable migrations pending. A step down
 * drops the objects they created, because it may drop the tables those depend on. Both also apply to the knex command
 * line.
 */
export const migrationSource: Knex.MigrationSource<{ name: string; file: string }> = {
  // The knex command line prints `file` for a pending migration.
  getMigrations: async () => migrationNames.map((name) => ({ name, file: name })),
  getMigrationName: ({ name }) => name,
  getMigration: async ({ name }) => {
    const { up, down } = await loadMigration(name);
    return {
      up: async (knex) => {
        await knex.raw(`drop table if exists ${repeatableTable}`);
        await up(knex);
      },
      down: async (knex) => {
        for (const statement of [...dropStatements(), `drop table if exists ${repeatableTable}`])
          await knex.raw(statement);
        await down(knex);
      },
    };
  },
};

/** Table of the applied repeatable migrations, by checksum and the version that applied them. */
const repeatableTable = `${schemaName}.repeatable_migrations`;

/** The knex configuration, also used by `knexfile.ts`. */
export function knexConfig({
  url,
  lockTimeoutMs,
  watch,
}: Pick<Database, 'url' | 'lockTimeoutMs' | 'watch'>): Knex.Config {
  return {
    client: 'pg',
    connection: url,
    pool: {
      min: 0,
      max: 2,
      afterCreate: (client: pg.Client, done: (error: unknown, client: pg.Client) => void) => {
        watch(client);
        prepareSession(client, { lockTimeoutMs }).then(
          () => done(null, client),
          (error: unknown) => done(error, client),
        );
      },
    },
    migrations: { migrationSource, schemaName, tableName: 'knex_migrations' },
  };
}

export interface SchemaState {
  /** Numbered migrations first, then the repeatable ones that match this version, then the queue's schema. */
  applied: string[];
  pending: string[];
}

/**
 * Reads which migrations are applied and pending.
 *
 * @throws {LedgerError} if the database has numbered migrations that this version doesn't know
 */
export async function readSchemaState(database: Pick<Database, 'pool' | 'describe'>): Promise<SchemaState> {
  const exists = await database.pool.query(
    `select to_regclass('${schemaName}.knex_migrations') is not null as numbered,
       to_regclass('${repeatableTable}') is not null as repeatable`,
  );
  const applied = exists.rows[0].numbered ? await readNumberedMigrations(database.pool) : [];
  const known = migrationNames;
  const unknown = applied.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new LedgerError(
      `The schema of ${database.describe} is newer than this tn-ledger ${version}: it has ${unknown.join(', ')}. Nothing was changed.`,
      {
        hint: 'Install the newer tn-ledger that upgraded it on this host too. A run in progress here continues to its end; no other one starts.',
      },
    );
  }
  const changed = await changedRepeatables(database.pool, exists.rows[0].repeatable);
  const queueReady = await isQueueReady(database.pool);
  const current = readRepeatables().filter((each) => !changed.includes(each.name));
  return {
    applied: [...applied, ...current.map(({ name }) => name), ...(queueReady ? [queueMigration] : [])],
    pending: [...known.filter((name) => !applied.includes(name)), ...changed, ...(queueReady ? [] : [queueMigration])],
  };
}

/** Reads the names of the numbered migrations that a ledger has, oldest first. */
export async function readNumberedMigrations(client: pg.Pool | pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(`select name from ${schemaName}.knex_migrations order by id`);
  return rows.map(({ name }) => name);
}

/**
 * The repeatable migrations that this version must apply. None if a later version applied its own: hosts of both
 * versions would otherwise replace each other's functions again and again, and the later version's serve both.
 */
async function changedRepeatables(client: pg.Pool | pg.ClientBase, tableExists: boolean): Promise<string[]> {
  // Before this version, the table had no column `version`.
  const read = `select name, checksum, to_jsonb(r) ->> 'version' as version from ${repeatableTable} r`;
  const { rows } = tableExists ? await client.query(read) : { rows: [] };
  if (rows.some((row) => row.version !== null && isLater(row.version, version))) return [];
  const applied = new Map(rows.map(({ name, checksum }) => [name, checksum]));
  return readRepeatables()
    .filter(({ name, checksum }) => applied.get(name) !== checksum)
    .map(({ name }) => name);
}

/** Compares versions without their prerelease tags: development versions of a release replace each other's. */
function isLater(one: string, other: string): boolean {
  const [ones, others] = [one, other].map((each) =>
    each
      .replace(/[-+].*/, '')
      .split('.')
      .map(Number),
  ) as [number[], number[]];
  const differs = ones.findIndex((part, index) => part !== others[index]);
  return differs >= 0 && (ones[differs] as number) > (others[differs] ?? 0);
}

/**
 * Brings the schema up to date and returns the names of the migrations it applied. An advisory lock, which ends with
 * its connection, ensures that one process migrates at a time. Knex's own lock is a row that a killed process would
 * leave behind, so it is released here, where no other process can hold it.
 *
 * @throws {LedgerError} if a function or view could not be replaced
 * @throws {LockError} if a table is in use for longer than the lock timeout
 */
export async function migrate(database: Database): Promise<string[]> {
  if ((await readSchemaState(database)).pending.length === 0) return [];
  return withMigrationLock(database, async (knex, holder, pids) => {
    // Another process may have migrated while this one waited for the migration lock.
    const { pending } = await readSchemaState(database);
    if (pending.length === 0) return [];
    await retryLocked(database, pids, () => knex.migrate.latest());
    const repeated = await retryLocked(database, pids, () => applyRepeatables(holder, lockTimeoutOf(database)));
    if (pending.includes(queueMigration)) await migrateQueue(database);
    await grantReaders(database.pool);
    const numbered = migrationNames.filter((name) => pending.includes(name));
    return [...numbered, ...repeated, ...pending.filter((name) => name === queueMigration)];
  });
}

/**
 * How long a statement that changes a table waits for others to finish with it. Everyone who comes later, readers too,
 * waits behind it.
 */
const ddlLockTimeoutMs = 3000;

/** Lets those who queued behind a failed attempt go first. */
const lockPauses = { tries: Number.POSITIVE_INFINITY, totalMs: Number.POSITIVE_INFINITY, baseMs: 1000, capMs: 15_000 };

function isLockTimeout(error: unknown): boolean {
  return (error as { code?: string }).code === '55P03';
}

function lockTimeoutOf({ lockTimeoutMs }: Pick<Database, 'lockTimeoutMs'>): number {
  return Math.min(ddlLockTimeoutMs, lockTimeoutMs);
}

/**
 * Repeats a transaction that changes tables until it gets its locks, for as long as the lock timeout allows. Logs whom
 * it waits for.
 */
async function retryLocked<T>(database: Database, pids: ReadonlySet<number>, attempt: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + database.lockTimeoutMs;
  for (let tries = 1; ; tries += 1) {
    let wait: LockWait | undefined;
    const watch = setInterval(async () => {
      // Only for the message: if this fails, so does the attempt.
      const waits = await readWaits(database.pool, [...pids]).catch(() => []);
      wait = waits[0] ?? wait;
    }, lockTimeoutOf(database) / 6);
    try {
      return await attempt();
    } catch (error) {
      if (!isLockTimeout(error)) throw error;
      if (performance.now() >= deadline) throw toLockError(error, database, wait);
      const blocker = wait === undefined ? '' : ` ${wait.locked} is in use by ${describeBlocker(wait.blocker)}.`;
      database.log(`A change of the schema waits for other sessions and is tried again.${blocker}`);
    } finally {
      clearInterval(watch);
    }
    await sleep(Math.min(backoffMs(lockPauses, tries), Math.max(0, deadline - performance.now())), database.signal);
  }
}

/**
 * Applies all repeatable migrations in one transaction if any of them changed, and returns the names of the changed
 * ones.
 */
async function applyRepeatables(client: pg.ClientBase, lockTimeoutMs: number): Promise<string[]> {
  await client.query(`begin; set local lock_timeout = ${lockTimeoutMs}`);
  try {
    const changed = await replaceRepeatables(client);
    await client.query('commit');
    return changed;
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

/** The same in the client's transaction. */
async function replaceRepeatables(client: pg.ClientBase): Promise<string[]> {
  await client.query(`
    create table if not exists ${repeatableTable} (
      name text primary key,
      checksum text not null,
      applied_at timestamptz not null default now()
    );
    alter table ${repeatableTable} add column if not exists version text;
    comment on table ${repeatableTable} is 'Files of functions, triggers, and views that are applied after the migrations of knex_migrations.';
    comment on column ${repeatableTable}.name is 'Name of the file';
    comment on column ${repeatableTable}.checksum is 'SHA-256 of the file. If it changes, tn-ledger applies all files again';
    comment on column ${repeatableTable}.applied_at is 'When the files were last applied';
    comment on column ${repeatableTable}.version is 'Version of tn-ledger that applied the files; an earlier version does not replace them. Null: a version that did not record it';
  `);
  const changed = await changedRepeatables(client, true);
  if (changed.length === 0) return [];
  for (const { name, sql } of readRepeatables()) {
    await client.query(await sql()).catch((error) => {
      if (isLockTimeout(error)) throw error;
      throw new LedgerError(`The functions and views of ${name} could not be replaced: ${error.message}.`, {
        cause: error,
        hint: error.detail?.replace(/\.?$/, '.'),
      });
    });
  }
  await client.query(`delete from ${repeatableTable}`);
  await client.query(
    `insert into ${repeatableTable} (name, checksum, version) select *, $3 from unnest($1::text[], $2::text[])`,
    [readRepeatables().map(({ name }) => name), readRepeatables().map(({ checksum }) => checksum), version],
  );
  return changed;
}

/**
 * Checks that a database contains no ledger, not even an empty one.
 *
 * @throws {UsageError} it does
 */
export async function ensureNoLedger(
  client: pg.Pool | pg.ClientBase,
  { describe, embedded }: Pick<Database, 'describe' | 'embedded'>,
): Promise<void> {
  const { rows } = await client.query<{ exists: boolean }>(
    `select exists (select from pg_class where relnamespace = to_regnamespace('${schemaName}')) as exists`,
  );
  if (!rows[0]?.exists) return;
  const newOne = embedded
    ? 'set TN_LEDGER_DATA_DIR to a new folder, or move the folder postgres of the data folder away'
    : 'set DATABASE_URL to a new database';
  throw new UsageError(`There is a ledger in ${describe} already. Nothing was changed.`, {
    hint: `Restore into an empty database: ${newOne}.`,
  });
}

/**
 * Creates the schema in a database without a ledger, in one transaction: applies the numbered migrations `names`,
 * calls `load`, then applies all others, and the functions, triggers, and views. So `load` finds
 * the tables of an earlier version as they were, without triggers, and `finish`, which is called last, those of this version. Other processes wait meanwhile, and see all of it or
 * nothing. The queue's schema and the grants are left to `migrate`.
 *
 * @throws {UsageError} the database contains a ledger
 */
export async function createSchema(
  database: Database,
  names: readonly string[],
  { load, finish }: Record<'load' | 'finish', (client: pg.ClientBase) => Promise<void>>,
): Promise<void> {
  const first: typeof migrationSource = {
    ...migrationSource,
    getMigrations: async (extensions) =>
      (await migrationSource.getMigrations(extensions)).filter(({ name }) => names.includes(name)),
  };
  await withMigrationLock(database, (knex) =>
    knex.transaction(async (trx) => {
      const client: pg.ClientBase = await trx.client.acquireConnection();
      await ensureNoLedger(client, database);
      await trx.migrate.latest({ migrationSource: first });
      await load(client);
      await trx.migrate.latest();
      await replaceRepeatables(client);
      await finish(client);
    }),
  );
}

/** Reads a checksum of the functions, triggers, and views that a ledger has; null if it has none yet. */
export async function readRepeatablesChecksum(client: pg.ClientBase): Promise<string | null> {
  const exists = await client.query(`select to_regclass('${repeatableTable}') is not null as exists`);
  if (!exists.rows[0].exists) return null;
  const { rows } = await client.query<{ checksum: string | null }>(
    `select encode(sha256(string_agg(name || ' ' || checksum, ', ' order by name collate "C")::bytea), 'hex') as checksum
       from ${repeatableTable}`,
  );
  return rows[0]?.checksum ?? null;
}

/** Rolls back the newest numbered migration and returns its name; undefined if there is none. */
export async function rollbackOne(database: Database): Promise<string | undefined> {
  if ((await readSchemaState(database)).applied.length === 0) return undefined;
  return withMigrationLock(database, async (knex) => {
    const [, undone]: [number, string[]] = await knex.migrate.down();
    return undone[0];
  });
}

async function withMigrationLock<T>(
  database: Database,
  work: (knex: Knex, holder: pg.ClientBase, pids: ReadonlySet<number>) => Promise<T>,
): Promise<T> {
  // Most commands find the schema up to date and start faster without knex.
  const { default: knexFactory } = await import('knex');
  const holder = await database.pool.connect();
  const pids = new Set([pidOf(holder)]);
  const watch = (client: pg.Client) => {
    database.watch(client);
    pids.add(pidOf(client));
  };
  const knex = knexFactory({
    ...knexConfig({ ...database, lockTimeoutMs: lockTimeoutOf(database), watch }),
    // Every failure is also thrown, and one that is tried again is no failure.
    log: { warn: () => undefined },
  });
  try {
    await holder.query('select pg_advisory_lock($1)', [migrationLockKey]);
    await holder.query(`create schema if not exists ${schemaName}`);
    await knex.migrate.forceFreeMigrationsLock();
    return await work(knex, holder, pids);
  } finally {
    await knex.destroy();
    await holder.query('select pg_advisory_unlock($1)', [migrationLockKey]);
    holder.release();
  }
}
