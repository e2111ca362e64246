import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { ReportResource } from '../dashboard/billing-reports.js';
import { LedgerError, UsageError } from '../errors.js';
import type { Day } from '../sync/days.js';
import type { Job, JobContext } from '../sync/job.js';
import { sha256Of } from './downloads.js';
import { describe, fetchReports, loadArchive } from './fetch-reports.js';
import type { LoadedReport } from './load-report.js';
import { isDocumented, shapeOf, unknownTypeWarning } from './report-type.js';
import { openReports, recordFile } from './reports.js';

/** What `tn-ledger billing` is asked for. */
export interface BringOptions {
  type: string;
  days: { from: Day; to: Day } | undefined;
  resource: ReportResource;
  /** An archive at hand, in place of a request. */
  file: string | undefined;
}

/** What became of it. */
export interface Brought {
  reportId: string | undefined;
  loaded: LoadedReport;
}

/** A job that brings one report in, asked for from Bandwidth or from a file. `onBrought` is told of it. */
export function bringReport(options: BringOptions, onBrought: (brought: Brought) => void): Job {
  return {
    name: 'billing',
    summary: 'one billing report',
    async run(context) {
      if (!isDocumented(options.type) && options.file === undefined) context.run.warn(unknownTypeWarning(options.type));
      onBrought(
        options.file === undefined ? await fetchOne(context, options) : await loadFile(context, options.file, options),
      );
    },
  };
}

async function fetchOne(context: JobContext, { type, days, resource }: BringOptions): Promise<Brought> {
  if (days === undefined) {
    throw new UsageError('A report covers a range of days, and none is named.', {
      hint: 'Name it with --from and --to.',
    });
  }
  const [open] = await openReports(context.database.pool, context.account, { type, range: { ...days, resource } });
  if (open !== undefined) {
    context.log.info(`Report ${open.reportId} (${describe(open)}) was requested before; going on with it.`);
  }
  const [outcome] = await fetchReports(context, [{ type, ...days, resource, open }], 'command');
  if (outcome?.result === 'loaded') return { reportId: outcome.reportId, loaded: outcome.loaded };
  if (outcome?.result === 'failed') throw outcome.error;
  const seconds = context.billing.timeoutMs / 1000;
  const waited = seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} minutes`;
  throw new LedgerError(
    `${describe({ type, ...days })} of account ${context.account} was not ready after ${waited} (${outcome?.status ?? 'no status told'}).`,
    {
      hint: 'Run the same command again, or let the next night: it goes on waiting for the same report. --timeout waits longer.',
    },
  );
}

async function loadFile(context: JobContext, path: string, { type, days }: BringOptions): Promise<Brought> {
  if (days === undefined && shapeOf(type).timeColumn === undefined) {
    throw new UsageError(`Nothing in an archive of type ${type} tells its days.`, {
      hint: 'Name them with --from and --to.',
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
  const reportId = await recordFile(database.pool, account, { type, days, archive });
  return { reportId, loaded: await loadArchive(context, { account, reportId, type, days, path, again: true }) };
}
