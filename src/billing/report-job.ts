import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { ReportResource } from '../dashboard/billing-reports.js';
import type { Day } from '../days.js';
import { LedgerError, UsageError } from '../errors.js';
import type { Job, JobContext } from '../run/job.js';
import { commandFor } from './command-for.js';
import { sha256Of } from './downloads.js';
import { describe, fetchReports, loadArchive } from './fetch-reports.js';
import type { LoadedReport } from './load-report.js';
import { isDocumented, shapeOf, unknownTypeWarning } from './report-type.js';
import { openReports, recordFile } from './reports.js';

/** The report that `tn-ledger billing` loads. */
export interface ReportJobOptions {
  type: string;
  days: { from: Day; to: Day } | undefined;
  resource: ReportResource;
  /** Path of an archive to load instead of requesting the report. */
  file: string | undefined;
}

export interface ReportJobResult {
  reportId: string | undefined;
  loaded: LoadedReport;
}

/**
 * Returns a job that loads one report, requested from Bandwidth or read from a file, and passes the result to
 * `onLoaded`.
 */
export function createReportJob(options: ReportJobOptions, onLoaded: (result: ReportJobResult) => void): Job {
  return {
    name: 'billing',
    summary: 'one billing report',
    async run(context) {
      if (!isDocumented(options.type) && options.file === undefined) context.run.warn(unknownTypeWarning(options.type));
      onLoaded(
        options.file === undefined ? await fetchOne(context, options) : await loadFile(context, options.file, options),
      );
    },
  };
}

async function fetchOne(context: JobContext, { type, days, resource }: ReportJobOptions): Promise<ReportJobResult> {
  if (days === undefined) {
    throw new UsageError('A report needs a range of days.', {
      hint: 'Set the range with --from and --to.',
    });
  }
  const [open] = await openReports(context.database.pool, context.account, { type, range: { ...days, resource } });
  if (open !== undefined) {
    context.log.info(`Report ${open.reportId} (${describe(open)}) was requested before; resuming it.`);
  }
  const [outcome] = await fetchReports(context, [{ type, ...days, resource, open }], 'command');
  if (outcome?.result === 'loaded') return { reportId: outcome.reportId, loaded: outcome.loaded };
  if (outcome?.result === 'failed') throw outcome.error;
  const seconds = context.billing.timeoutMs / 1000;
  const waited = seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} minutes`;
  throw new LedgerError(
    `${describe({ type, ...days })} of account ${context.account} was not ready after ${waited} (${outcome?.status ?? 'no status'}).`,
    {
      hint: 'Run the same command again, with a longer --timeout if needed, or leave it to the next nightly run: both wait for the same report.',
    },
  );
}

async function loadFile(context: JobContext, path: string, { type, days }: ReportJobOptions): Promise<ReportJobResult> {
  if (days === undefined && shapeOf(type).timeColumn === undefined) {
    throw new UsageError(`An archive of type ${type} doesn't show which days it covers.`, {
      hint: 'Set them with --from and --to.',
    });
  }
  const unreadable = (cause: NodeJS.ErrnoException) => {
    throw new UsageError(`The archive ${path} can't be read: ${cause.message}.`, { cause });
  };
  const facts = await stat(path).catch(unreadable);
  if (!facts.isFile()) {
    const what = facts.isDirectory() ? 'a folder' : 'not a regular file';
    throw new UsageError(`The archive ${path} can't be read: it is ${what}.`, { hint: 'Name a .zip file.' });
  }
  const archive = { file: basename(path), bytes: facts.size, sha256: await sha256Of(path).catch(unreadable) };
  const { account, database } = context;
  const reportId = await recordFile(database, account, { type, days, archive });
  const loaded = await loadArchive(context, {
    account,
    reportId,
    type,
    days,
    otherDays: 'reject',
    command: commandFor({ account, type, days, file: path }),
    path,
    again: true,
  });
  return { reportId, loaded };
}
