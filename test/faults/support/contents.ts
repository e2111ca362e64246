import type { Database } from '../../../src/database/connect.js';
import type { Contents } from '../../support/compare-contents.js';

/**
 * Tables about the runs themselves, and those that show how often something had to be tried: another order of events leads to the same
 * ledger.
 */
const aboutRuns = [
  ...['sync_runs', 'knex_migrations', 'knex_migrations_lock', 'result_files', 'result_file_parts', 'billing_reports'],
  ...['upkeep_tasks', 'request_permits', 'request_waiters', 'move_checks'],
  ...['telephone_number_versions', 'number_status_history_superseded', 'number_assignment_history_superseded'],
];

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
  const contents = new Map<string, string[]>();
  for (const { name, values } of tables.rows) {
    const { rows } = await pool.query<{ line: string }>(
      `select jsonb_build_object(${values})::text as line from tn_ledger.${name} where $1::timestamptz is not null`,
      [until],
    );
    contents.set(
      name,
      rows.map(({ line }) => line),
    );
  }
  return contents;
}
