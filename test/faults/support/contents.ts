import type { Database } from '../../../src/database/connect.js';

/**
 * Tables about the runs themselves, and those that show how often something had to be tried: another order of events leads to the same
 * ledger.
 */
const aboutRuns = [
  ...['sync_runs', 'knex_migrations', 'knex_migrations_lock', 'result_files', 'result_file_parts', 'billing_reports'],
  ...['upkeep_tasks', 'request_permits', 'request_waiters', 'move_checks'],
  ...['telephone_number_versions', 'number_status_history_superseded', 'number_assignment_history_superseded'],
];

/** What one ledger has, by table: its rows as text, sorted. */
export type Contents = Record<string, string[]>;

/**
 * Everything in a ledger that the API determines, to compare ledgers of the same sandbox: without tables about runs, ids that the
 * database or the API assigns to requests, and the times of the runs.
 *
 * @param until times after this are those of runs
 */
export async function contentsOf({ pool }: Pick<Database, 'pool'>, until: Date): Promise<Contents> {
  const tables = await pool.query<{ name: string; values: string }>(
    `select relname as name, string_agg(format(case when atttypid = 'timestamptz'::regtype
         then '%L, case when %I > $1 then ''run'' else %2$I::text end' else '%L, %I' end, attname, attname), ', ' order by attnum) as values
       from pg_class join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped and attidentity = ''
         and attname not in ('run_id', 'report_id', 'from_report_id', 'api_url')
       left join pg_attrdef on adrelid = attrelid and adnum = attnum
      where relnamespace = 'tn_ledger'::regnamespace and relkind in ('r', 'p') and not relispartition and relname <> all ($1)
        and coalesce(pg_get_expr(adbin, adrelid), '') !~ '^nextval'
      group by 1 order by 1`,
    [aboutRuns],
  );
  const contents: Contents = {};
  for (const { name, values } of tables.rows) {
    const { rows } = await pool.query<{ line: string }>(
      `select jsonb_build_object(${values})::text as line from tn_ledger.${name} where $1::timestamptz is not null order by 1`,
      [until],
    );
    contents[name] = rows.map(({ line }) => line);
  }
  return contents;
}

/** The rows that only one of two ledgers has, at most three of each table; empty if their contents are equal. */
export function contentDifferences(actual: Contents, expected: Contents): string[] {
  return Object.keys({ ...expected, ...actual }).flatMap((table) => {
    const [has, wants] = [actual[table] ?? [], expected[table] ?? []];
    const [present, wanted] = [new Set(has), new Set(wants)];
    return [
      ...has.filter((line) => !wanted.has(line)).map((line) => `${table} has ${line}`),
      ...wants.filter((line) => !present.has(line)).map((line) => `${table} lacks ${line}`),
      ...(has.length === wants.length ? [] : [`${table} has ${has.length} rows, not ${wants.length}`]),
    ].slice(0, 3);
  });
}
