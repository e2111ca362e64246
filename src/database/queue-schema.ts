import type pg from 'pg';
import type { PgBoss } from 'pg-boss';
import type { Database } from './connect.js';
import { prepareSession } from './session.js';

/** The schema of pg-boss, beside the ledger's own. */
export const queueSchema = 'tn_ledger_queue';

/** The queue of planned nightly runs: one job per night and account. */
export const nightsQueue = 'nights';

/** The schema version of the pg-boss release in package.json. */
export const queueSchemaVersion = 46;

/** Name of the queue's schema among the applied and pending migrations. */
export const queueMigration = `pg-boss ${queueSchemaVersion}`;

export interface BossOptions {
  /** Whether this process returns the jobs of dead workers to the queue and deletes old ones. */
  supervise: boolean;
  /** Receives errors of background work, such as the supervision, which tries again by itself. */
  onError: (error: Error) => void;
}

/**
 * Opens pg-boss, with connections of its own: a heartbeat must not wait for a connection that a long statement holds.
 * Creates or upgrades its schema if needed, but never downgrades it: an older release works on with a newer schema.
 */
export async function openBoss(
  { url, lockTimeoutMs }: Pick<Database, 'url' | 'lockTimeoutMs'>,
  { supervise, onError }: BossOptions,
): Promise<PgBoss> {
  const { PgBoss } = await import('pg-boss');
  // pg-boss passes its options on to its pool, which knows this one.
  const ofPool = { onConnect: (client: pg.ClientBase) => prepareSession(client, { lockTimeoutMs }) };
  const boss = new PgBoss({
    ...ofPool,
    connectionString: url,
    application_name: 'tn-ledger',
    max: 2,
    schema: queueSchema,
    // Nights are planned by our own timetable, which knows daylight saving and missed runs.
    schedule: false,
    supervise,
    // A dead worker's job is returned at most this long after its heartbeat has expired.
    superviseIntervalSeconds: 10,
    monitorIntervalSeconds: 10,
    // Its warnings are about queues of millions of jobs; this one has one per account and night.
    monitorVacuum: false,
  });
  boss.on('error', onError);
  return boss.start();
}

/** The tables that tell what became of the nights, and whether the schema is up to date. */
export const readableQueueTables = ['job', 'queue', 'version'] as const;

/** Whether the role may read the queue. Needs no privilege itself. */
async function readRights(client: pg.Pool | pg.ClientBase): Promise<{ exists: boolean; readable: boolean }> {
  const { rows } = await client.query<{ exists: boolean; readable: boolean }>(
    `select count(*) = cardinality($2::text[]) as exists,
            coalesce(bool_and(has_schema_privilege(relnamespace, 'usage') and has_table_privilege(oid, 'select')), false) as readable
       from pg_class where relnamespace = (select oid from pg_namespace where nspname = $1) and relname = any($2)`,
    [queueSchema, readableQueueTables],
  );
  return rows[0] as { exists: boolean; readable: boolean };
}

/** Whether the queue exists and the role may read it. */
export async function isQueueReadable(client: pg.Pool | pg.ClientBase): Promise<boolean> {
  const { exists, readable } = await readRights(client);
  return exists && readable;
}

/**
 * Whether the queue's schema is up to date, and has the queue. True for a role that may not read it: such a role only
 * reads the ledger.
 */
export async function isQueueReady(client: pg.Pool | pg.ClientBase): Promise<boolean> {
  const { exists, readable } = await readRights(client);
  if (!exists) return false;
  if (!readable) return true;
  const { rows } = await client.query<{ ready: boolean }>(
    `select (select max(version) from ${queueSchema}.version) >= $1
            and exists (select from ${queueSchema}.queue where name = $2) as ready`,
    [queueSchemaVersion, nightsQueue],
  );
  return rows[0]?.ready ?? false;
}

/** Creates or upgrades the queue's schema. */
export async function migrateQueue(database: Database): Promise<void> {
  const errors: Error[] = [];
  const boss = await openBoss(database, { supervise: false, onError: (error) => errors.push(error) });
  try {
    // At most one open night per account: a second one would only wait for the first one's lock.
    await boss.createQueue(nightsQueue, { policy: 'exclusive' });
  } finally {
    await boss.stop();
  }
  if (errors[0] !== undefined) throw errors[0];
}
