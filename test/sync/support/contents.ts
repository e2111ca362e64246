import { account, type Ledger } from './ledger.js';

/** Tables that every run writes to, whether or not anything changed. */
const runLog = [
  ...['sync_runs', 'sync_watermarks', 'nruf_intervals_mark', 'move_checks', 'knex_migrations', 'knex_migrations_lock'],
  // The latest report, which says when it was written.
  ...['result_files', 'result_file_parts'],
];

/** Tables that a run writes to before it has read a list completely. */
export const progress = ['sync_cursors', 'request_permits'];

/**
 * Contents and row versions of every table except the run log: equal if nothing was written in between.
 *
 * @param except more tables to leave out
 */
export async function ledgerVersions(
  ledger: Pick<Ledger, 'query'>,
  except: readonly string[] = [],
): Promise<Record<string, unknown>> {
  const tables = await ledger.query<{ name: string }>(
    `select quote_ident(relname) as name from pg_class
      where relnamespace = 'tn_ledger'::regnamespace and relkind = 'r' and relname <> all ($1) order by 1`,
    [[...runLog, ...except]],
  );
  const versions: Record<string, unknown> = {};
  for (const { name } of tables) {
    const [row] = await ledger.query(
      `select count(*)::int as count, md5(string_agg(x.line, '' order by x.line)) as sum
         from (select xmin::text || ctid::text || t::text as line from tn_ledger.${name} t) as x`,
    );
    versions[name] = row;
  }
  return versions;
}

/** Columns, including staging, that have a NANP number with `+1`. */
export async function e164Places(ledger: Pick<Ledger, 'query'>): Promise<string[]> {
  const columns = await ledger.query<{ place: string; name: string }>(
    `select quote_ident(table_schema) || '.' || quote_ident(table_name) as place, quote_ident(column_name) as name
       from information_schema.columns join information_schema.tables using (table_schema, table_name)
      where table_schema in ('tn_ledger', 'tn_ledger_staging') and table_type = 'BASE TABLE'
        and data_type in ('text', 'jsonb', 'json', 'ARRAY')`,
  );
  const places: string[] = [];
  for (const { place, name } of columns) {
    const found = await ledger.query(`select from ${place} where ${name}::text ~ '\\+1[2-9]\\d{9}' limit 1`);
    if (found.length > 0) places.push(`${place}.${name}`);
  }
  return places;
}

/** The intervals of a number's status: the status, its begin with the order, and its end with the order. */
export async function statusIntervals(ledger: Pick<Ledger, 'query'>, number: string): Promise<unknown[][]> {
  const rows = await ledger.query(
    `select status, valid_from, from_order_id, valid_to, to_order_id from number_status_history
      where account_id = $1 and telephone_number = $2 order by valid_from`,
    [account, number],
  );
  return rows.map((row) => Object.values(row));
}
