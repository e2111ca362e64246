import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { parse } from 'csv-parse/sync';
import { type LoadedReport, loadReport } from '../../../src/billing/load-report.js';
import type { Database } from '../../../src/database/connect.js';
import { makeFolder } from '../../end-to-end/support.js';
import { openLedgerDatabase } from '../../support/ledger-database.js';
import type { TestServer } from '../../support/postgres.js';
import { billingSettings } from '../../sync/support/ledger.js';
import { type MalformedFile, zipMalformed } from './malformed-zip.js';

export interface LoadSpec {
  type?: string;
  days?: { from: string; to: string };
  reportId?: string;
  /** By default, rows are kept if the days are given, as for a requested report. */
  otherDays?: 'keep' | 'leave out' | 'reject';
  acceptShrink?: boolean;
  /** Whether it is loaded although an earlier one has the same content; true by default. */
  again?: boolean;
}

/** A ledger to load archives into. */
export interface Loader {
  database: Database;
  folder: string;
  url: string;
  superuserUrl: string;
  load(files: readonly MalformedFile[] | Buffer, spec?: LoadSpec): Promise<LoadedReport & { reportId: string }>;
  query<T = Record<string, unknown>>(sql: string, values?: unknown[]): Promise<T[]>;
}

export async function openLoader(t: ExecutionContext<unknown>, server: TestServer): Promise<Loader> {
  const folder = await makeFolder(t);
  const { database, url, superuserUrl } = await openLedgerDatabase(t, server, { dataDir: folder });
  const query: Loader['query'] = async (sql, values = []) => (await database.pool.query(sql, values)).rows;
  return {
    database,
    folder,
    url,
    superuserUrl,
    query,
    async load(files, spec = {}) {
      const {
        type = 'BDR',
        days,
        reportId = randomBytes(6).toString('hex'),
        acceptShrink = false,
        again = true,
      } = spec;
      const otherDays = spec.otherDays ?? (days === undefined ? 'reject' : 'keep');
      const path = join(folder, `${reportId}.zip`);
      await writeFile(path, Buffer.isBuffer(files) ? files : await zipMalformed(files));
      await query(
        `insert into billing_reports (account_id, report_id, type, start_date, end_date, source, requested_by, state)
         values ('9900000', $1, $2, $3, $4, 'file', 'command', 'downloaded') on conflict do nothing`,
        [reportId, type, days?.from, days?.to],
      );
      const loaded = await loadReport(
        { account: '9900000', reportId, type, days, otherDays, command: 'load it with', path, again },
        { database, limits: billingSettings().limits, acceptShrink, signal: new AbortController().signal },
      );
      return { ...loaded, reportId };
    },
  };
}

/** Returns rows as csv-parse reads them, with null for an empty unquoted field. */
export function readByCsvParse(csv: string | Buffer): (string | null)[][] {
  return parse(csv, {
    bom: true,
    from: 2,
    cast: (value: string, { quoting }: { quoting: boolean }) => (value === '' && !quoting ? null : value),
  }) as unknown as (string | null)[][];
}
