import pg from 'pg';
import type { Database } from '../database/connect.js';
import { inTransaction } from '../database/transaction.js';

/** Staging tables have their own schema: they are internal, and don't need a backup. */
const stagingSchema = 'tn_ledger_staging';

export interface StagingTable {
  /** Schema-qualified and quoted. */
  sql: string;
}

/** The staging table of an account's listing. Each has its own, so that it can be dropped instead of emptied. */
export function stagingTable(listing: string, account: string): StagingTable {
  return { sql: `${stagingSchema}."${listing} ${account}"` };
}

/**
 * Recreates the staging table. It is unlogged: rows lost in a server crash are read again, and `sync_cursors.rows_staged` reveals
 * the loss.
 */
export async function createStaging(
  client: pg.ClientBase,
  table: StagingTable,
  columns: readonly string[],
): Promise<void> {
  // PostgreSQL's "if not exists" doesn't protect against another session that creates the schema at the same time.
  await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [stagingSchema]);
  await client.query(`create schema if not exists ${stagingSchema}`);
  await dropStaging(client, table);
  await client.query(`create unlogged table ${table.sql} (${columns.join(', ')})`);
}

export async function dropStaging(client: pg.ClientBase, table: StagingTable): Promise<void> {
  await client.query(`drop table if exists ${table.sql}`);
}

/** Counts the rows in the staging table; undefined if the table doesn't exist. */
export async function countStaged(client: pg.ClientBase | pg.Pool, table: StagingTable): Promise<number | undefined> {
  const { rows } = await client.query('select to_regclass($1) is not null as exists', [table.sql]);
  if (!rows[0].exists) return undefined;
  return Number((await client.query(`select count(*) as count from ${table.sql}`)).rows[0].count);
}

/** How long a list that was not read to its end keeps its staging table: runs resume it for six hours. */
const unusedAfterDays = 7;

/** SQL: staging tables without a cursor, and those whose cursor no run can resume. */
const unusedSql = `
  select c.relname::text as name from pg_class c
   where c.relnamespace = to_regnamespace('${stagingSchema}') and c.relkind = 'r'
     and not exists (select from sync_cursors s where s.listing || ' ' || s.account_id = c.relname
       and s.updated_at > clock_timestamp() - interval '${unusedAfterDays} days')`;

/** Finds staging tables that no run can resume, by name. */
export async function findUnusedStaging(db: pg.Pool | pg.ClientBase): Promise<string[]> {
  const { rows } = await db.query<{ name: string }>(`${unusedSql} order by 1`);
  return rows.map(({ name }) => name);
}

/** Drops staging tables that no run can resume, except for those that a run is about to replace; returns how many. */
export async function dropUnusedStaging(database: Database): Promise<number> {
  let dropped = 0;
  for (const name of await findUnusedStaging(database.pool)) {
    const table = { sql: `${stagingSchema}.${pg.escapeIdentifier(name)}` };
    dropped += await inTransaction(database, {}, async (client) => {
      // A run creates the table in the transaction that writes its cursor: once the table is locked, the cursor is there.
      await client.query(`lock table ${table.sql} in access exclusive mode nowait`);
      const { rowCount } = await client.query(`${unusedSql} and c.relname = $1`, [name]);
      if (rowCount !== 0) await dropStaging(client, table);
      return rowCount ?? 0;
    }).catch((error: { code?: string }) => {
      if (inUse.has(error.code ?? '')) return 0;
      throw error;
    });
  }
  return dropped;
}

/** SQLSTATEs: lock not available, undefined table. */
const inUse = new Set(['55P03', '42P01']);
