import type { ExecutionContext } from 'ava';
import type { Database } from '../../../src/database/connect.js';
import { openLedgerDatabase } from '../../support/ledger-database.js';
import type { TestServer } from '../../support/postgres.js';

/** A ledger whose tables the test fills directly, without a sync or a sandbox. */
export interface CountingLedger {
  database: Database;
  url: string;
  superuserUrl: string;
  query<T = Record<string, unknown>>(sql: string, values?: unknown[]): Promise<T[]>;
  /** Inserts rows given as objects; missing columns get their defaults. */
  insert(table: string, rows: readonly Record<string, unknown>[]): Promise<void>;
}

/** Opens an empty ledger and closes it at the end of the test. */
export async function openCountingLedger(
  t: ExecutionContext<unknown>,
  server: TestServer,
  dataDir = '/nonexistent',
): Promise<CountingLedger> {
  const { database, url, superuserUrl } = await openLedgerDatabase(t, server, { dataDir });
  const query: CountingLedger['query'] = async (sql, values = []) => (await database.pool.query(sql, values)).rows;
  return {
    database,
    url,
    superuserUrl,
    query,
    async insert(table, rows) {
      const byColumns = new Map<string, Record<string, unknown>[]>();
      for (const row of rows) {
        const columns = Object.keys(row).join(', ');
        byColumns.set(columns, [...(byColumns.get(columns) ?? []), row]);
      }
      for (const [columns, alike] of byColumns) {
        await query(
          `insert into ${table} (${columns}) select ${columns} from jsonb_populate_recordset(null::${table}, $1)`,
          [JSON.stringify(alike)],
        );
      }
    },
  };
}
