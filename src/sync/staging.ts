import type pg from 'pg';

/** Staging tables live apart from the ledger: they are nobody's contract, and not worth a backup. */
const stagingSchema = 'tn_ledger_staging';

export interface StagingTable {
  /** Schema-qualified and quoted. */
  sql: string;
}

/** The staging table of a listing of an account: one each, so that emptying it costs nothing. */
export function stagingTable(listing: string, account: string): StagingTable {
  return { sql: `${stagingSchema}."${listing} ${account}"` };
}

/**
 * Makes the staging table anew and empty. It is unlogged: what a crash of the server would lose is read again, and
 * `sync_cursors.rows_staged` tells that it was lost.
 */
export async function createStaging(
  client: pg.ClientBase,
  table: StagingTable,
  columns: readonly string[],
): Promise<void> {
  // PostgreSQL's "if not exists" is no guard against another session that makes it at the same moment.
  await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [stagingSchema]);
  await client.query(`create schema if not exists ${stagingSchema}`);
  await dropStaging(client, table);
  await client.query(`create unlogged table ${table.sql} (${columns.join(', ')})`);
}

export async function dropStaging(client: pg.ClientBase, table: StagingTable): Promise<void> {
  await client.query(`drop table if exists ${table.sql}`);
}

/** Rows in the staging table; undefined where there is none. */
export async function countStaged(client: pg.ClientBase | pg.Pool, table: StagingTable): Promise<number | undefined> {
  const { rows } = await client.query('select to_regclass($1) is not null as exists', [table.sql]);
  if (!rows[0].exists) return undefined;
  return Number((await client.query(`select count(*) as count from ${table.sql}`)).rows[0].count);
}
