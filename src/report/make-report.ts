import type pg from 'pg';
import type { Database } from '../database/connect.js';
import { dayOf } from '../sync/days.js';
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
  signal?: AbortSignal;
}

export interface Report {
  /** The whole document. */
  html: string;
  /** The moment that it shows. */
  time: Date;
}

/** Makes the report: everything in it is of one moment, and the same moment gives the same bytes. */
export function makeReport(database: Database, { account, signal }: ReportOptions): Promise<Report> {
  return inTransaction(database, { snapshot: true, ...(signal !== undefined && { signal }) }, async (client) => {
    const scope = await scopeOf(client, account);
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

async function scopeOf(client: pg.ClientBase, account: string | undefined): Promise<Scope> {
  const { rows } = await client.query('select now() as time');
  const time: Date = rows[0].time;
  return { client, account, time, day: dayOf(time) };
}
