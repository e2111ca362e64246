import type pg from 'pg';

/** A table or view of the schema `tn_ledger`, described by its comments. */
export interface Relation {
  name: string;
  isView: boolean;
  comment: string | null;
  /** As in SQL: `PRIMARY KEY (account_id, order_id)`; null if it has none. */
  key: string | null;
  columns: Column[];
}

export interface Column {
  name: string;
  type: string;
  nullable: boolean;
  comment: string | null;
}

/** Tables of the migration tools. */
const internal = ['knex_migrations', 'knex_migrations_lock', 'repeatable_migrations'];

/**
 * Returns the tables and views that the user may read, in the order of their names. A table of billing records is
 * listed once, without its partitions. An empty database has none.
 */
export async function readRelations(client: pg.Pool | pg.ClientBase): Promise<Relation[]> {
  const { rows } = await client.query<Relation>(
    `select c.relname as name, obj_description(c.oid, 'pg_class') as comment, c.relkind = 'v' as "isView",
            (select pg_get_constraintdef(k.oid) from pg_constraint k where k.conrelid = c.oid and k.contype = 'p') as key,
            (select json_agg(json_build_object(
                'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'nullable', not a.attnotnull,
                'comment', col_description(c.oid, a.attnum)) order by a.attnum)
               from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
       from pg_class c
      where c.relnamespace = to_regnamespace('tn_ledger') and c.relkind in ('r', 'p', 'v') and not c.relispartition
        and c.relname <> all ($1) and has_table_privilege(c.oid, 'select')
      order by c.relname collate "C"`,
    [internal],
  );
  return rows;
}
