import type pg from 'pg';

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
