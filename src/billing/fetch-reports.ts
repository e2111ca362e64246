import { access } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ReportCall,
  type ReportResource,
  type ReportStatus,
  readReportStatus,
} from '../dashboard/billing-reports.js';
import { ApiError } from '../dashboard/errors.js';
import { sleep } from '../dashboard/retry.js';
import { LedgerError, UsageError } from '../errors.js';
import type { Day } from '../sync/days.js';
import type { JobContext } from '../sync/job.js';
import { ArchiveError } from './archive.js';
import { CsvError } from './csv-header.js';
import { downloadArchive } from './download-archive.js';
import { archiveName, downloadsFolder } from './downloads.js';
import { type LoadedReport, loadReport } from './load-report.js';
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

/** A report that is to be in the ledger. */
export interface WantedReport {
  type: string;
  from: Day;
  to: Day;
  resource: ReportResource;
  /** One that was requested already, by a run that did not see it to its end. */
  open: OpenReport | undefined;
}

/** What became of it. */
export type FetchOutcome = { wanted: WantedReport; reportId: string | undefined } & (
  | { result: 'loaded'; loaded: LoadedReport }
  | { result: 'failed'; error: Error }
  /** Bandwidth was not done with it when the time was over. */
  | { result: 'waiting'; status: string | undefined }
);

/** Reports that Bandwidth is asked for at the same time. */
const mostUnderWay = 8;
const longestWaitMs = 60_000;
/** Data are said to be available for one or two days: a report that takes longer is given up, and requested again. */
const giveUpMs = 48 * 3_600_000;

interface Task {
  wanted: WantedReport;
  report: OpenReport | undefined;
  /** When to look at it next, by the monotonic clock. */
  nextAt: number;
  waitMs: number;
  /** It was requested a second time, in place of a report that Bandwidth lost or never built. */
  isRepeated: boolean;
  lastStatus: string | undefined;
  /** Words of Bandwidth's that were wondered at. */
  wondered: Set<string>;
}

/**
 * Sees reports through: requests them, waits, downloads and loads them, each as it becomes ready. A report that fails keeps no
 * other from being fetched.
 */
export async function fetchReports(
  context: JobContext,
  wanted: readonly WantedReport[],
  requestedBy: Requester,
): Promise<FetchOutcome[]> {
  const { billing, signal } = context;
  const folder = await downloadsFolder(context.dataDir);
  const deadline = performance.now() + billing.timeoutMs;
  const firstWaitMs = billing.firstWaitMs ?? 500;
  const waiting = wanted.map<Task>((each) => ({
    wanted: each,
    report: each.open,
    nextAt: 0,
    waitMs: firstWaitMs,
    isRepeated: false,
    lastStatus: undefined,
    wondered: new Set(),
  }));
  const underWay: Task[] = [];
  const outcomes: FetchOutcome[] = [];
  for (;;) {
    while (underWay.length < mostUnderWay && waiting.length > 0) underWay.push(waiting.shift() as Task);
    const [task] = underWay.toSorted((a, b) => a.nextAt - b.nextAt);
    if (task === undefined) return outcomes;
    if (Math.max(task.nextAt, performance.now()) > deadline) break;
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
    underWay.splice(underWay.indexOf(task), 1);
  }
  return [
    ...outcomes,
    ...[...underWay, ...waiting].map<FetchOutcome>(({ wanted: late, report, lastStatus }) => ({
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

/** Takes a report one step further; answers what became of it, once that is known. */
async function advance(context: JobContext, task: Task, options: StepOptions): Promise<FetchOutcome | undefined> {
  const failed = (error: Error): FetchOutcome => ({
    wanted: task.wanted,
    reportId: task.report?.reportId,
    result: 'failed',
    error,
  });
  try {
    const loaded = await takeStep(context, task, options);
    if (loaded === undefined) return undefined;
    return { wanted: task.wanted, reportId: task.report?.reportId, result: 'loaded', loaded };
  } catch (error) {
    if (error instanceof ReportFailure && task.report !== undefined) {
      await recordFailure(context.database.pool, context.account, task.report.reportId, error.message);
    }
    const isItsOwn = [ReportFailure, ArchiveError, CsvError, UsageError, ApiError].some(
      (kind) => error instanceof kind,
    );
    if (isItsOwn) return failed(error as Error);
    throw error;
  }
}

/** Bandwidth says that a report failed, or loses it again and again. */
class ReportFailure extends LedgerError {}

async function takeStep(context: JobContext, task: Task, options: StepOptions): Promise<LoadedReport | undefined> {
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
    context.run.step({ text: `asking for ${describe(wanted)}` });
    const status = await readReportStatus(call, report.reportId);
    if (!(await follow(context, task, report, status))) return undefined;
    if (!(await download(context, task, report, { call, folder: options.folder }))) return undefined;
  } else if (!(await isThere(options.folder, report))) {
    report.state = 'waiting';
    return undefined;
  }
  return load(context, report, options.folder);
}

async function request(context: JobContext, task: Task, call: ReportCall, requestedBy: Requester): Promise<void> {
  const { type, from, to, resource } = task.wanted;
  context.run.step({ text: `requesting ${describe(task.wanted)}` });
  const requestedAt = context.now?.() ?? new Date();
  const { answer, requestedTo } = await requestDays(context, call, { type, from, to });
  if (answer.kind === 'not yet') {
    task.lastStatus = answer.description;
    waitLonger(task);
    return;
  }
  const { reportId, status, description } = answer;
  const facts = { reportId, type, from, to, requestedTo, resource, requestedBy, requestedAt, status, description };
  task.report = await recordRequest(context.database.pool, context.account, facts);
  task.lastStatus = status;
  task.nextAt = performance.now();
}

/** Takes note of what Bandwidth says of a report; answers whether its archive is ready. */
async function follow(context: JobContext, task: Task, report: OpenReport, told: ReportStatus): Promise<boolean> {
  const { pool } = context.database;
  const { account } = context;
  if (told.kind === 'gone') {
    await requestAnew(context, task, report, `Bandwidth does not find it (${told.description})`);
    return false;
  }
  const { status, description } = told;
  await recordStatus(pool, account, report.reportId, { status, description, isReady: told.kind === 'ready' });
  task.lastStatus = status ?? description;
  switch (told.kind) {
    case 'ready':
      return true;
    case 'failed':
      throw new ReportFailure(
        `Bandwidth failed to build ${describe(task.wanted)} of account ${account} (report ${report.reportId}): ${told.description} (status ${status ?? 'not told'}).`,
        { hint: 'It is requested again the next night, or now with tn-ledger billing.' },
      );
    case 'unknown':
      if (!task.wondered.has(told.status)) {
        task.wondered.add(told.status);
        context.run.warn(
          `${describe(task.wanted)} (report ${report.reportId}) has the status ${JSON.stringify(told.status)}, which Bandwidth does not document; it is waited for as one that is being built.`,
        );
      }
      break;
    default:
      break;
  }
  const ageMs = (context.now?.() ?? new Date()).getTime() - report.requestedAt.getTime();
  if (ageMs > giveUpMs) {
    await requestAnew(
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

/** Gives a report up and requests its days again, once. */
async function requestAnew(context: JobContext, task: Task, report: OpenReport, why: string): Promise<void> {
  const what = `Report ${report.reportId} (${describe(task.wanted)}, account ${context.account}) was given up: ${why}`;
  if (task.isRepeated) {
    throw new ReportFailure(`${what}; it was requested a second time already.`, {
      hint: 'It is requested again the next night.',
    });
  }
  await recordFailure(context.database.pool, context.account, report.reportId, `${what}; it was requested again.`);
  context.log.info(`${what}; it is requested again.`);
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
  const answer = await downloadArchive(call, report.reportId, { folder, file, onProgress });
  if (answer.kind !== 'archive') {
    await follow(context, task, report, answer);
    return false;
  }
  await recordArchive(context.database.pool, context.account, report.reportId, answer.archive);
  context.run.add({ pages: 1 });
  report.state = 'downloaded';
  report.archiveFile = answer.archive.file;
  return true;
}

async function isThere(folder: string, { archiveFile }: OpenReport): Promise<boolean> {
  if (archiveFile === undefined) return false;
  return access(join(folder, archiveFile)).then(
    () => true,
    () => false,
  );
}

async function load(context: JobContext, report: OpenReport, folder: string): Promise<LoadedReport> {
  const { account, database } = context;
  const { reportId, type, from, to, requestedTo } = report;
  const path = join(folder, report.archiveFile as string);
  try {
    const hasOtherDays = requestedTo > to;
    return await loadArchive(context, {
      account,
      reportId,
      type,
      days: { from, to },
      hasOtherDays,
      path,
      again: false,
    });
  } catch (error) {
    if (error instanceof ArchiveError || error instanceof CsvError) {
      // The same archive would be refused again; another one may be good.
      await recordFailure(database.pool, account, reportId, error.message);
    } else if (error instanceof LedgerError && !context.signal.aborted) {
      await recordLoadError(database.pool, account, reportId, error.message);
    }
    throw error;
  }
}

/** Loads an archive, with its progress and what is to be told of it in the run. */
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
      `Report ${report.reportId}: ${loaded.leftOut} rows of other days than ${report.days?.from} were left out; Bandwidth refuses a range of one day, so the next day was requested with it.`,
    );
  }
  context.run.reject(loaded.rejected);
  for (const warning of loaded.warnings) context.run.warn(`Report ${report.reportId}: ${warning}`);
  return loaded;
}

function waitLonger(task: Task): void {
  task.nextAt = performance.now() + task.waitMs;
  task.waitMs = Math.min(longestWaitMs, task.waitMs * 2);
}

/** `BDR 2026-10-01`, `BDR 2026-10-01 to 2026-10-31`. */
export function describe({ type, from, to }: Pick<WantedReport, 'type' | 'from' | 'to'>): string {
  return `${type} ${daysText({ from, to })}`;
}

function daysText({ from, to }: { from: Day; to: Day }): string {
  return from === to ? from : `${from} to ${to}`;
}
