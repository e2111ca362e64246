import { readHeldLocks } from '../database/advisory-locks.js';
import type { Database } from '../database/connect.js';
import { inTransaction } from '../database/transaction.js';
import { dayOf } from '../days.js';
import { pageOf } from './page.js';
import type { Scope } from './scope.js';
import { attentionSection, readConcerns } from './sections/attention.js';
import { batchesSection, readBatches } from './sections/batches.js';
import { changesSection, readChanges } from './sections/changes.js';
import { readRuns, runsSection } from './sections/runs.js';
import { readTrend, trendSection } from './sections/trend.js';
import { readUtilization, utilizationSection } from './sections/utilization.js';

export interface ReportOptions {
  /** The account to report; undefined: all accounts in the ledger, combined. */
  account?: string | undefined;
  /** The configured accounts. An account that isn't configured and has only failed runs is dropped after a day. */
  configured?: readonly string[];
  signal?: AbortSignal;
}

export interface Report {
  /** The complete HTML document. */
  html: string;
  /** The time of the snapshot that the report shows. */
  time: Date;
}

/** Makes the report from one snapshot. The same snapshot produces the same bytes. */
export async function makeReport(
  database: Database,
  { account, configured = [], signal }: ReportOptions,
): Promise<Report> {
  const locks = await readHeldLocks(database.pool);
  return inTransaction(
    database,
    { snapshot: true, repeatable: true, ...(signal !== undefined && { signal }) },
    async (client) => {
      const { rows } = await client.query<{ time: Date }>('select now() as time');
      const { time } = rows[0] as { time: Date };
      const scope: Scope = { client, account, configured, locks, time, day: dayOf(time) };
      const runs = await readRuns(scope);
      const sections = [
        attentionSection(await readConcerns(scope, runs)),
        runsSection(runs),
        changesSection(scope, await readChanges(scope)),
        batchesSection(scope, await readBatches(scope)),
        await utilizationSection(scope, await readUtilization(scope)),
        await trendSection(await readTrend(scope)),
      ];
      return { html: await pageOf(scope, sections), time: scope.time };
    },
  );
}
