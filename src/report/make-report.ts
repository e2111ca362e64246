import type { Database } from '../database/connect.js';
import { dayOf } from '../sync/days.js';
import { readHeldLocks } from '../sync/lock.js';
import { inTransaction } from '../sync/transaction.js';
import { pageOf } from './page.js';
import type { Scope } from './scope.js';
import { attentionSection, readConcerns } from './sections/attention.js';
import { batchesSection, readBatches } from './sections/batches.js';
import { changesSection, readChanges } from './sections/changes.js';
import { readRuns, runsSection } from './sections/runs.js';
import { readTrend, trendSection } from './sections/trend.js';
import { readUtilization, utilizationSection } from './sections/utilization.js';

export interface ReportOptions {
  /** The only account; left out: all that the ledger knows, together. */
  account?: string | undefined;
  /** The accounts configured now; an account that is none of them and has nothing but failed runs is soon left out. */
  configured?: readonly string[];
  signal?: AbortSignal;
}

export interface Report {
  /** The whole document. */
  html: string;
  /** The moment that it shows. */
  time: Date;
}

/** Makes the report: everything in it is of one moment, and the same moment gives the same bytes. */
export async function makeReport(
  database: Database,
  { account, configured = [], signal }: ReportOptions,
): Promise<Report> {
  const locks = await readHeldLocks(database.pool);
  return inTransaction(database, { snapshot: true, ...(signal !== undefined && { signal }) }, async (client) => {
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
  });
}
