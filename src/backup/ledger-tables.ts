import pg from 'pg';

/**
 * Tables that aren't history, and that a restored ledger makes anew: by its migrations, or as it runs. The queue of planned
 * runs and the staging tables have schemas of their own, which are left out as well.
 */
const leftOut = [
  ...['knex_migrations', 'knex_migrations_lock', 'repeatable_migrations', 'area_codes'],
  // Requests of the last minute, and processes that wait.
  ...['request_permits', 'request_waiters'],
  // Belongs to the database, not to its content.
  'upkeep_tasks',
];

/**
 * Accounts whose derived intervals are up to date. Replacing the functions that derive them empties the table, because the new
 * ones may derive something else.
 */
export const derivedMarks = 'nruf_intervals_mark';

export interface LedgerTable {
  name: string;
  /** Without generated columns. */
  columns: string[];
  partitioned: boolean;
}

/** The tables of a backup, each after those that its foreign keys refer to. */
export async function listTables(client: pg.ClientBase): Promise<LedgerTable[]> {
  const { rows } = await client.query<LedgerTable>(
    `with recursive levels as (
       select oid, 0 as level from pg_class where relnamespace = to_regnamespace('tn_ledger')
       union
       select conrelid, level + 1 from levels join pg_constraint on confrelid = levels.oid and conrelid <> confrelid
     )
     select relname::text as name, relkind = 'p' as partitioned,
            array(select attname::text from pg_attribute
                   where attrelid = c.oid and attnum > 0 and not attisdropped and attgenerated = '' order by attnum) as columns
       from pg_class c
      where relnamespace = to_regnamespace('tn_ledger') and relkind in ('r', 'p') and not relispartition and relname <> all ($1)
      order by (select max(level) from levels where levels.oid = c.oid), relname`,
    [leftOut],
  );
  return rows;
}

/** SQL: a table or sequence of the ledger. */
export function sqlOf(name: string): string {
  return `tn_ledger.${pg.escapeIdentifier(name)}`;
}

/** SQL: columns, in the order of a file. */
export function columnList(columns: readonly string[]): string {
  return columns.map((column) => pg.escapeIdentifier(column)).join(', ');
}

/** The sequences that were ever used, those of identity columns included. */
export async function listSequences(client: pg.ClientBase): Promise<{ name: string; value: string }[]> {
  const { rows } = await client.query<{ name: string; value: string }>(
    `select sequencename::text as name, last_value::text as value from pg_sequences
      where schemaname = 'tn_ledger' and last_value is not null and not starts_with(sequencename, 'knex_') order by 1`,
  );
  return rows;
}

/** Identifies this database among those whose scheduled backups share a folder; null: its schema has no ID yet. */
export async function readLedgerId(client: pg.Pool | pg.ClientBase): Promise<string | null> {
  const { rows } = await client.query(`select to_regclass('tn_ledger.upkeep_tasks') is not null as exists`);
  if (!rows[0].exists) return null;
  const found = await client.query<{ id: string }>(
    `select ledger_id as id from tn_ledger.upkeep_tasks where task = 'backup'`,
  );
  return found.rows[0]?.id ?? null;
}
