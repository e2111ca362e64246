import type pg from 'pg';
import type { Database } from './connect.js';
import { inTransaction } from './transaction.js';

/**
 * Rows written since the last ANALYZE that make a table's statistics too old to plan with. Unlike autovacuum's threshold, it
 * doesn't grow with the table: what matters is whether an account is in the statistics, not what share of the table it is.
 */
const mostChanged = 10_000;

/**
 * Refreshes the planner's statistics of a table after a large change, in the client's transaction. ANALYZE keeps its lock until
 * the transaction ends, so it is skipped while another transaction has it: waiting would cost more than the statistics are
 * worth.
 */
export async function analyzeAfter(client: pg.ClientBase, table: string, rows: number): Promise<void> {
  if (rows > mostChanged) await client.query(`analyze (skip_locked) ${table}`);
}

/**
 * Refreshes the planner's statistics of tables that changed a lot. Until then, the planner expects one row of an account
 * that was loaded after the last ANALYZE, and may read all rows of the account once per number. A table that another
 * transaction is analyzing is skipped; the next job tries again.
 */
export async function refreshStatistics(database: Database): Promise<void> {
  const { rows } = await database.pool.query<{ tables: string | null }>(
    `select string_agg(s.relid::regclass::text, ', ' order by s.relid) as tables
       from pg_stat_user_tables s join pg_class c on c.oid = s.relid
      where s.schemaname = 'tn_ledger' and s.n_mod_since_analyze > $1
        and pg_has_role(c.relowner, 'usage')`,
    [mostChanged],
  );
  const tables = rows[0]?.tables ?? null;
  if (tables === null) return;
  await inTransaction(database, {}, (client) => client.query(`analyze (skip_locked) ${tables}`));
}
