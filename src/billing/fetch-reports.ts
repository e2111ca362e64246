import { access } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ReportCall,
  type ReportResource,
  type ReportStatus,
  readReportStatus,
} from '../dashboard/billing-reports.js';
import { DownloadError } from '../dashboard/download-file.js';
import { ApiError } from '../dashboard/errors.js';
import { currentTime, type Day } from '../days.js';
import { downloadsFolder } from '../downloads-folder.js';
import { LedgerError, UsageError } from '../errors.js';
import { sleep } from '../retry.js';
import type { JobContext } from '../run/job.js';
import { ArchiveError } from './archive.js';
import { commandFor } from './command-for.js';
import { CsvError } from './csv-header.js';
import { downloadArchive } from './download-archive.js';
import { archiveName } from './downloads.js';
import { type LoadedReport, loadReport } from './load-report.js';
import { FewerRowsError } from './replace-rows.js';
import {
  type OpenReport,
  type Requester,
  recordArchive,
  recordFailure,
  recordLoadError,
  recordRequest,
  recordStatus,
} from './reports.js';
import { requestDays } from './request-days.js';

/** How long a run waits for reports by default: Bandwidth builds them within hours. */
export const defaultTimeoutMs = 2 * 3_600_000;

/** A report to load. */
export interface WantedReport {
  type: string;
  from: Day;
  to: Day;
  resource: ReportResource;
  /** The report if an earlier run requested it and didn't finish it. */
  open: OpenReport | undefined;
}

export type FetchOutcome = { wanted: WantedReport; reportId: string | undefined } & (
  | { result: 'loaded'; loaded: LoadedReport }
  | { result: 'failed'; error: Error }
  /** The time was up before Bandwidth finished it. */
  | { result: 'waiting'; status: string | undefined }
);

/** Reports in progress at the same time. */
const maxInProgress = 8;
const maxWaitMs = 60_000;
/**
 * Bandwidth documents that data are available within one or two days: a report that takes longer is abandoned and
 * requested again.
 */
const giveUpMs = 48 * 3_600_000;

interface Task {
  wanted: WantedReport;
  report: OpenReport | undefined;
  /** When to check it next, on the monotonic clock. */
  nextAt: number;
  waitMs: number;
  /** It was requested a second time because Bandwidth lost the first report or never built it. */
  isRepeated: boolean;
  lastStatus: string | undefined;
  /** Undocumented statuses that were already reported. */
  reportedStatuses: Set<string>;
}

/**
 * Requests reports, waits for them, and downloads and loads each one when it is ready. A report that fails doesn't
 * affect the others.
 */
export async function fetchReports(
  context: JobContext,
  wanted: readonly WantedReport[],
  requestedBy: Requester,
): Promise<FetchOutcome[]> {
  const { billing, signal } = context;
  const folder = await downloadsFolder(context.dataDir);
  const startedAt = performance.now();
  const deadline = startedAt + billing.timeoutMs;
  const firstWaitMs = billing.firstWaitMs ?? 500;
  const waiting = wanted.map<Task>((each) => ({
    wanted: each,
    report: each.open,
    nextAt: startedAt,
    waitMs: firstWaitMs,
    isRepeated: false,
    lastStatus: undefined,
    reportedStatuses: new Set(),
  }));
  const inProgress = waiting.splice(0, maxInProgress);
  const outcomes: FetchOutcome[] = [];
  for (;;) {
    const [task] = inProgress.toSorted((a, b) => a.nextAt - b.nextAt);
    if (task === undefined) return outcomes;
    // A step that was due in time is taken, however long the steps before it took.
    if (task.nextAt > deadline) break;
    if (task.nextAt > performance.now()) {
      context.run.step({
        text: `waiting for ${describe(task.wanted)}${task.lastStatus ? ` (${task.lastStatus})` : ''}`,
      });
      await sleep(task.nextAt - performance.now(), signal);
    }
    signal.throwIfAborted();
    const outcome = await advance(context, task, { folder, requestedBy });
    if (outcome === undefined) continue;
    outcomes.push(outcome);
    const next = waiting.splice(0, 1).map((each) => ({ ...each, nextAt: performance.now() }));
    inProgress.splice(inProgress.indexOf(task), 1, ...next);
  }
  return [
    ...outcomes,
    ...[...inProgress, ...waiting].map<FetchOutcome>(({ wanted: late, report, lastStatus }) => ({
      wanted: late,
      reportId: report?.reportId,
      result: 'waiting',
      status: lastStatus,
    })),
  ];
}

interface StepOptions {
  folder: string;
  requestedBy: Requester;
}

/** Advances a report by one step; returns its outcome once it has one. */
async function advance(context: JobContext, task: Task, options: StepOptions): Promise<FetchOutcome | undefined> {
  const failed = (error: Error): FetchOutcome => ({
    wanted: task.wanted,
    reportId: task.report?.reportId,
    result: 'failed',
    error,
  });
  try {
    const loaded = await runStep(context, task, options);
    if (loaded === undefined) return undefined;
    return { wanted: task.wanted, reportId: task.report?.reportId, result: 'loaded', loaded };
  } catch (error) {
    if (error instanceof ReportFailure && task.report !== undefined) {
      await recordFailure(context.database, context.account, task.report.reportId, error.message);
    }
    const isOwnFailure = [
      ReportFailure,
      ArchiveError,
      CsvError,
      DownloadError,
      FewerRowsError,
      UsageError,
      ApiError,
    ].some((kind) => error instanceof kind);
    if (isOwnFailure) return failed(error as Error);
    throw error;
  }
}

/** Bandwidth reports that a report failed, or loses it repeatedly. */
class ReportFailure extends LedgerError {}

async function runStep(context: JobContext, task: Task, options: StepOptions): Promise<LoadedReport | undefined> {
  const { report, wanted } = task;
  const call: ReportCall = {
    client: context.client,
    account: context.account,
    resource: report?.resource ?? wanted.resource,
    signal: context.signal,
  };
  if (report === undefined) {
    await request(context, task, call, options.requestedBy);
    return undefined;
  }
  if (report.state === 'waiting') {
    context.run.step({ text: `checking ${describe(wanted)}` });
    const status = await readReportStatus(call, report.reportId);
    if (!(await handleStatus(context, task, report, status))) return undefined;
    if (!(await download(context, task, report, { call, folder: options.folder }))) return undefined;
  } else if (!(await hasArchive(options.folder, report))) {
    report.state = 'waiting';
    return undefined;
  }
  return load(context, report, options.folder);
}

async function request(context: JobContext, task: Task, call: ReportCall, requestedBy: Requester): Promise<void> {
  const { type, from, to, resource } = task.wanted;
  context.run.step({ text: `requesting ${describe(task.wanted)}` });
  const requestedAt = currentTime(context);
  const { answer, requestedTo } = await requestDays(context, call, { type, from, to });
  if (answer.kind === 'not yet') {
    task.lastStatus = answer.description;
    waitLonger(task);
    return;
  }
  const { reportId, status, description } = answer;
  const facts = { reportId, type, from, to, requestedTo, resource, requestedBy, requestedAt, status, description };
  task.report = await recordRequest(context.database, context.account, facts);
  task.lastStatus = status;
  task.nextAt = performance.now();
}

/** Records the status that Bandwidth reports; returns whether the archive is ready. */
async function handleStatus(
  context: JobContext,
  task: Task,
  report: OpenReport,
  reported: ReportStatus,
): Promise<boolean> {
  const { account, database } = context;
  if (reported.kind === 'gone') {
    await requestAgain(context, task, report, `Bandwidth can't find it (${reported.description})`);
    return false;
  }
  const { status, description } = reported;
  await recordStatus(database, account, report.reportId, { status, description, isReady: reported.kind === 'ready' });
  task.lastStatus = status ?? description;
  switch (reported.kind) {
    case 'ready':
      return true;
    case 'failed':
      throw new ReportFailure(
        `Bandwidth failed to build ${describe(task.wanted)} of account ${account} (report ${report.reportId}): ${reported.description} (status ${status ?? 'not reported'}).`,
        { hint: 'The next nightly run requests it again. To request it now, use tn-ledger billing.' },
      );
    case 'unknown':
      if (!task.reportedStatuses.has(reported.status)) {
        task.reportedStatuses.add(reported.status);
        context.run.warn(
          `${describe(task.wanted)} (report ${report.reportId}) has the status ${JSON.stringify(reported.status)}, which Bandwidth doesn't document; it is treated as still being built.`,
        );
      }
      break;
    default:
      break;
  }
  const ageMs = currentTime(context).getTime() - report.requestedAt.getTime();
  if (ageMs > giveUpMs) {
    await requestAgain(
      context,
      task,
      report,
      `it was not ready ${Math.round(ageMs / 3_600_000)} hours after it was requested`,
    );
  } else {
    waitLonger(task);
  }
  return false;
}

/** Abandons a report and requests its days again, once. */
async function requestAgain(context: JobContext, task: Task, report: OpenReport, why: string): Promise<void> {
  const what = `Report ${report.reportId} (${describe(task.wanted)}, account ${context.account}) was abandoned: ${why}`;
  if (task.isRepeated) {
    throw new ReportFailure(`${what}; it had already been requested a second time.`, {
      hint: 'The next nightly run requests it again.',
    });
  }
  await recordFailure(context.database, context.account, report.reportId, `${what}; requested it again.`);
  context.log.info(`${what}; requesting it again.`);
  task.isRepeated = true;
  task.report = undefined;
  task.nextAt = performance.now();
}

async function download(
  context: JobContext,
  task: Task,
  report: OpenReport,
  { call, folder }: { call: ReportCall; folder: string },
): Promise<boolean> {
  const text = `downloading ${describe(task.wanted)}`;
  const file = archiveName(context.account, report);
  const onProgress = (count: number, of: number | undefined) =>
    context.run.step({ text, done: { count, of, unit: 'bytes' } });
  const answer = await downloadArchive(call, report.reportId, {
    folder,
    file,
    onProgress,
    limits: context.billing.download,
  });
  if (answer.kind !== 'archive') {
    await handleStatus(context, task, report, answer);
    return false;
  }
  await recordArchive(context.database, context.account, report.reportId, answer.archive);
  context.run.add({ pages: 1 });
  report.state = 'downloaded';
  report.archiveFile = answer.archive.file;
  return true;
}

async function hasArchive(folder: string, { archiveFile }: OpenReport): Promise<boolean> {
  if (archiveFile === undefined) return false;
  return access(join(folder, archiveFile)).then(
    () => true,
    () => false,
  );
}

async function load(context: JobContext, report: OpenReport, folder: string): Promise<LoadedReport> {
  const { account, database } = context;
  const { reportId, type, from, to, requestedTo, resource } = report;
  const path = join(folder, report.archiveFile as string);
  try {
    return await loadArchive(context, {
      account,
      reportId,
      type,
      days: { from, to },
      otherDays: requestedTo > to ? 'leave out' : 'keep',
      command: commandFor({ account, type, days: { from, to }, resource }),
      path,
      again: false,
    });
  } catch (error) {
    if (error instanceof ArchiveError || error instanceof CsvError || error instanceof FewerRowsError) {
      // The same archive would fail again; a new one may be good.
      await recordFailure(database, account, reportId, error.message);
    } else if (error instanceof LedgerError && !context.signal.aborted) {
      await recordLoadError(database, account, reportId, error.message);
    }
    throw error;
  }
}

/** Loads an archive, and reports progress, counts and warnings to the run. */
export async function loadArchive(
  context: JobContext,
  report: Parameters<typeof loadReport>[0],
): Promise<LoadedReport> {
  const text = `loading ${report.type}${report.days === undefined ? '' : ` ${daysText(report.days)}`}`;
  let bytes = 0;
  let rows = 0;
  let total = 0;
  const loaded = await loadReport(report, {
    database: context.database,
    limits: context.billing.limits,
    signal: context.signal,
    acceptShrink: context.options.acceptShrink,
    onStart: (all) => {
      total = all;
    },
    onProgress(moreBytes, moreRows) {
      bytes += moreBytes;
      rows += moreRows;
      const of = bytes > 0 ? Math.round((rows / bytes) * total) : undefined;
      context.run.step({ text, done: { count: Math.round(rows), of, unit: 'rows' } });
    },
  });
  context.run.add({ rowsRead: loaded.rows + loaded.rejected + loaded.leftOut, rowsWritten: loaded.rows });
  if (loaded.leftOut > 0) {
    context.log.info(
      `Report ${report.reportId}: ${loaded.leftOut} rows of days other than ${report.days?.from} were left out. Bandwidth refuses one-day ranges, so the next day was requested as well.`,
    );
  }
  if (loaded.sameAs !== undefined) {
    context.log.info(
      `Report ${report.reportId} has the same content as report ${loaded.sameAs}, whose rows stay; nothing was loaded.`,
    );
  }
  context.run.reject(loaded.rejected);
  for (const warning of loaded.warnings) context.run.warn(`Report ${report.reportId}: ${warning}`);
  return loaded;
}

function waitLonger(task: Task): void {
  task.nextAt = performance.now() + task.waitMs;
  task.waitMs = Math.min(maxWaitMs, task.waitMs * 2);
}

/** `BDR 2026-10-01`, `BDR 2026-10-01 to 2026-10-31`. */
export function describe({ type, from, to }: Pick<WantedReport, 'type' | 'from' | 'to'>): string {
  return `${type} ${daysText({ from, to })}`;
}

export function daysText({ from, to }: { from: Day; to: Day }): string {
  return from === to ? from : `${from} to ${to}`;
}
