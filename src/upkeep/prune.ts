import { findOldArchives, removeOldArchives } from '../billing/downloads.js';
import { type PrunedMonths, pruneMonths } from '../billing/prune-months.js';
import type { Config } from '../config.js';
import type { Database } from '../database/connect.js';
import { databaseTime } from '../database/time.js';
import { change } from '../database/transaction.js';
import { downloadsFolder } from '../downloads-folder.js';
import { formatCount } from '../format.js';
import { findOldReports, removeOldReports } from '../report/report-file.js';
import { jobsWithRuns } from '../run/recorded-runs.js';
import { dropUnusedStaging, findUnusedStaging } from '../sync/staging.js';

/** What a prune removed, or would remove. */
export interface Pruned {
  /** Rows of `sync_runs`. */
  runs: number;
  /** Staging tables that no run can resume any more. */
  stagingTables: number;
  /** Archives of billing reports, in the data folder of this host. */
  archives: number;
  /** Report files, in the data folder of this host. */
  reports: number;
  /** Months of billing records. */
  billingMonths: PrunedMonths;
}

export type PruneSettings = Pick<Config, 'dataDir' | 'keepRunsDays' | 'keepReportsDays' | 'keepBillingDays'> & {
  billing: Pick<Config['billing'], 'keepArchivesDays'>;
};

export interface PruneOptions {
  /** Only count. */
  dryRun: boolean;
  /** Stops between two steps. */
  signal: AbortSignal;
}

/**
 * Removes what is older than the settings say: runs, archives and report files, and staging tables of abandoned lists. Never
 * anything that a count or a filing rests on: histories, categories, orders, filings. Billing records go in whole months,
 * if a setting says so and `billing_daily` has what they add up to.
 */
export async function prune(database: Database, settings: PruneSettings, options: PruneOptions): Promise<Pruned> {
  const { dryRun, signal } = options;
  const runs = await pruneRuns(database, settings.keepRunsDays, options);
  signal.throwIfAborted();
  const stagingTables = dryRun ? (await findUnusedStaging(database.pool)).length : await dropUnusedStaging(database);
  signal.throwIfAborted();
  // The clock of this machine may be wrong.
  const now = await databaseTime(database);
  const billingMonths =
    settings.keepBillingDays === undefined
      ? { dropped: [], kept: [] }
      : await pruneMonths(database, settings.keepBillingDays, { now, dryRun, signal });
  const downloads = await downloadsFolder(settings.dataDir);
  const ofArchives = { days: settings.billing.keepArchivesDays, now };
  const ofReports = { days: settings.keepReportsDays, now };
  return {
    runs,
    stagingTables,
    archives: dryRun
      ? (await findOldArchives(database, downloads, ofArchives)).length
      : await removeOldArchives(database, downloads, ofArchives),
    reports: dryRun
      ? (await findOldReports(settings.dataDir, ofReports)).length
      : await removeOldReports(settings.dataDir, ofReports),
    billingMonths,
  };
}

/** `Removed 12 runs, 0 staging tables, …`, and which months of billing records were removed or had to stay. */
export function describePruned(
  { runs, stagingTables, archives, reports, billingMonths }: Pruned,
  { dryRun = false } = {},
): string {
  const parts = [
    [runs, 'run'],
    [stagingTables, 'staging table'],
    [archives, 'billing archive'],
    [reports, 'report'],
  ] as const;
  const listed = parts.map(([count, noun]) => `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`);
  const verb = dryRun ? 'Would remove' : 'Removed';
  const { dropped, kept } = billingMonths;
  return [
    `${verb} ${listed.slice(0, -1).join(', ')} and ${listed.at(-1)}.`,
    ...(dropped.length === 0
      ? []
      : [`${verb} the billing records of ${dropped.join(', ')}; billing_daily keeps their sums.`]),
    ...kept.map(({ partition, reason }) => `${partition} was not removed: ${reason}`),
  ].join(' ');
}

/** Rows per transaction: a fraction of a second. */
const batchRows = 10_000;

async function pruneRuns(database: Database, days: number, { dryRun, signal }: PruneOptions): Promise<number> {
  let total = 0;
  const { rows: jobs } = await database.pool.query<{ account_id: string; job: string }>(
    `with recursive ${jobsWithRuns()} select account_id, job from jobs`,
  );
  for (const { account_id, job } of jobs) {
    signal.throwIfAborted();
    if (dryRun) {
      const { rows } = await database.pool.query<{ count: number }>(
        `select count(*)::integer as count from sync_runs r where ${isOld}`,
        [account_id, job, days],
      );
      total += rows[0]?.count ?? 0;
      continue;
    }
    for (let removed = batchRows; removed === batchRows; total += removed) {
      const { rowCount } = await change(
        database,
        `delete from sync_runs where account_id = $1 and run_id in (
           select run_id from sync_runs r where ${isOld} order by started_at limit ${batchRows})`,
        [account_id, job, days],
      );
      removed = rowCount ?? 0;
    }
  }
  return total;
}

/**
 * SQL condition on a row of `sync_runs`. The latest runs of a job stay, however old they are: `status` and the report show
 * the last one and the last successful one, and `night_changes` starts where the last but one reported.
 *
 * $1 account, $2 job, $3 days
 */
const isOld = `r.account_id = $1 and r.job = $2 and r.status <> 'running'
  and r.started_at < clock_timestamp() - make_interval(days => $3)
  and r.run_id < (select min(kept.run_id) from (
    (select run_id from sync_runs where account_id = $1 and job = $2 order by run_id desc limit 2)
    union all
    (select run_id from sync_runs where account_id = $1 and job = $2 and status = 'succeeded' order by run_id desc limit 2)
    union all
    (select run_id from sync_runs where account_id = $1 and job = $2 and status = 'succeeded' and changes_until is not null
      order by changes_until desc limit 2)) as kept)`;
