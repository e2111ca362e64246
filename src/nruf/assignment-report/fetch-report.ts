import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { DownloadError, downloadFile } from '../../dashboard/download-file.js';
import { ApiError } from '../../dashboard/errors.js';
import {
  createInstance,
  downloadInstance,
  type InstanceStatus,
  listInstances,
  listReports,
  type ReportCall,
  type ReportParameter,
  readInstance,
  readParameters,
  type WithoutFile,
} from '../../dashboard/report-instances.js';
import { addDays, currentTime, type Day, dayOf } from '../../days.js';
import { downloadsFolder } from '../../downloads-folder.js';
import { LedgerError } from '../../errors.js';
import { formatCount } from '../../format.js';
import { simplified } from '../../number-file/header-names.js';
import { UnusableFileError } from '../../number-file/unusable-file.js';
import { sleep } from '../../retry.js';
import type { CostContext, JobContext } from '../../run/job.js';
import { type AssignmentReportForm, loadFormData } from '../form-data.js';
import { describeDifferences } from './differences.js';
import { EmptyReportError, fileNameOf, type LoadedReport, loadReport, removeOtherFiles } from './load-report.js';
import { UnknownFormError } from './read-report.js';
import {
  forgetRequest,
  hasRequest,
  type OpenRequest,
  readOpenRequest,
  recordError,
  recordFile,
  recordInstance,
  recordRequest,
  recordStatus,
} from './requests.js';

/** How long a run waits for the report by default. */
export const defaultTimeoutMs = 10 * 60_000;
const maxWaitMs = 60_000;
/** An instance that takes longer is given up; the next period gets another. */
const giveUpMs = 3 * 86_400_000;
/** How long Bandwidth keeps the file: long enough for a few missed runs. */
const keepDays = 14;
const outputFormat = 'csv';
/** A ZIP archive is read into memory. */
const maxFileBytes = 512 * 1024 * 1024;

/**
 * Fetches the account's assignment report: resumes the instance of an earlier run, creates one if the period doesn't have
 * one yet, waits for it, and loads it. Whatever Bandwidth refuses, and a report that can't be used, is a warning: the
 * ledger is complete without it.
 */
export async function fetchAssignmentReport(context: JobContext): Promise<void> {
  const { account, database, run } = context;
  const { formFile, timeoutMs } = context.assignmentReport;
  const form = loadFormData(formFile).assignmentReport;
  const deadline = performance.now() + timeoutMs;
  try {
    // An instance of an earlier period comes first; the current period may get one of its own afterwards.
    let open = (await readOpenRequest(database.pool, account)) ?? (await requestIfDue(context, form));
    while (open !== undefined && (await finish(context, form, open, deadline)))
      open = await requestIfDue(context, form);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    run.warn(`${outcome(context, error.message)} ${[error.hint, offHint].filter(Boolean).join(' ')}`);
  }
}

/** Whether a run has a report to request or to wait for. */
export async function isReportDue(context: CostContext): Promise<boolean> {
  const { account, database } = context;
  if ((await readOpenRequest(database.pool, account)) !== undefined) return true;
  return !(await hasRequest(database.pool, account, currentPeriod(context)));
}

const offHint = 'To do without the report, set TN_LEDGER_ASSIGNMENT_REPORT=off.';

function outcome({ account }: JobContext, why: string): string {
  return `Bandwidth's assignment report of account ${account} was not loaded, and the previous one stays: ${why.replace(/\.$/, '')}.`;
}

/** The first day of the current period: today, or the Monday of the week. */
function currentPeriod(context: CostContext): Day {
  const day = dayOf(currentTime(context));
  if (context.assignmentReport.schedule === 'nightly') return day;
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
  return addDays(day, -((weekday + 6) % 7));
}

/** Records a request for an instance if the current period has none; undefined if it has, or if Bandwidth doesn't offer the report. */
async function requestIfDue(context: JobContext, form: AssignmentReportForm): Promise<OpenRequest | undefined> {
  const { account, database } = context;
  const now = currentTime(context);
  const periodStart = currentPeriod(context);
  if (await hasRequest(database.pool, account, periodStart)) return undefined;
  context.run.step({ text: 'looking for the assignment report' });
  const call = callOf(context, form.reportId);
  const offered = await listReports(call);
  const found = offered.find(({ id }) => id === form.reportId);
  if (found === undefined || !simplified(found.name).includes(simplified(form.reportName))) {
    const what =
      found === undefined
        ? `Bandwidth doesn't offer report ${form.reportId} to the account (offered: ${offered.map(({ id, name }) => `${id} ${name}`).join(', ') || 'none'})`
        : `report ${found.id} is ${JSON.stringify(found.name)}, whose name lacks ${JSON.stringify(form.reportName)}`;
    context.run.warn(
      `${outcome(context, what)} Ask Bandwidth for End-User Phone Number Assignment; if it has another ID or name, set report_id and report_name in the file in TN_LEDGER_FORM_FILE. ${offHint}`,
    );
    return undefined;
  }
  const others = await listInstances(call);
  const request: OpenRequest = {
    ...{ periodStart, reportId: form.reportId, state: 'requesting', requestedAt: now },
    ...{ instanceId: undefined, fileName: undefined, otherInstances: others.map(({ id }) => id) },
  };
  await recordRequest(database, account, request);
  return request;
}

function callOf({ client, account, signal }: JobContext, reportId: string): ReportCall {
  return { client, account, reportId, signal };
}

/** Advances an instance until it is loaded or failed. Returns false if a later run must continue. */
async function finish(
  context: JobContext,
  form: AssignmentReportForm,
  open: OpenRequest,
  deadline: number,
): Promise<boolean> {
  const { account, database, run } = context;
  const fail = async (error: string, isFinal: boolean, hint?: string) => {
    await recordError(database, account, open.periodStart, { error, isFinal });
    run.warn(
      `${outcome(context, error)} ${hint ?? `The next ${context.assignmentReport.schedule === 'weekly' ? 'week' : 'day'} gets a new one. ${offHint}`}`,
    );
  };
  try {
    const instanceId = open.instanceId ?? (await create(context, open));
    const folder = await downloadsFolder(context.dataDir);
    if (open.fileName === undefined || !(await exists(join(folder, open.fileName)))) {
      const waited = await waitAndDownload(context, { ...open, instanceId }, { folder, deadline });
      if (waited.kind === 'failed') await fail(waited.why, true);
      if (waited.kind === 'waiting') {
        run.warn(
          `${outcome(context, `instance ${instanceId} was not ready in time (${waited.status})`)} The next run waits for it again.`,
        );
      }
      if (waited.kind !== 'file') return waited.kind === 'failed';
      open.fileName = waited.file;
    }
    await load(context, form, { open, folder, file: open.fileName });
    return true;
  } catch (error) {
    if (error instanceof UnknownFormError) {
      await fail(error.message, false, error.hint);
      return false;
    }
    if (error instanceof UnusableFileError || error instanceof EmptyReportError) {
      await fail(error.message, true);
      return true;
    }
    if (error instanceof DownloadError) {
      await fail(error.message, false, error.hint);
      return false;
    }
    throw error;
  }
}

/** Creates the instance, unless an earlier run did and lost its id. */
async function create(context: JobContext, open: OpenRequest): Promise<string> {
  const { account, database, run } = context;
  const call = callOf(context, open.reportId);
  const known = new Set(open.otherInstances);
  const findOutcome = async () => {
    const instances = await listInstances(call);
    const isOurs = ({ id, outputFormat: format = outputFormat }: (typeof instances)[number]) =>
      !known.has(id) && format.toLowerCase() === outputFormat;
    return instances.findLast(isOurs)?.id;
  };
  run.step({ text: 'requesting the assignment report' });
  const instanceId = (await findOutcome()) ?? (await post(context, call, open, findOutcome)) ?? (await findOutcome());
  if (instanceId === undefined) {
    throw new LedgerError(
      `Bandwidth accepted the request for an instance of report ${open.reportId} (account ${account}), but neither returned its id nor lists it.`,
      { hint: 'The next run looks for it again.' },
    );
  }
  await recordInstance(database, account, open.periodStart, instanceId);
  return instanceId;
}

/** Requests the instance; forgets the request if Bandwidth rejects it, so that the next run makes another. */
async function post(
  context: JobContext,
  call: ReportCall,
  { periodStart }: OpenRequest,
  findOutcome: () => Promise<string | undefined>,
): Promise<string | undefined> {
  const { account, database } = context;
  try {
    const parameters = chooseParameters(await readParameters(call), account);
    const expiresOn = addDays(dayOf(currentTime(context)), keepDays);
    return await createInstance(call, { outputFormat, parameters, expiresOn, findOutcome });
  } catch (error) {
    if (error instanceof ApiError || error instanceof UnknownFormError) {
      await forgetRequest(database, account, periodStart);
    }
    throw error;
  }
}

/** Only the account is chosen: any other parameter would leave out numbers. */
function chooseParameters(parameters: readonly ReportParameter[], account: string): Record<string, string> {
  const isAccount = ({ name, type }: ReportParameter) =>
    [name, type].some((text) => ['account', 'accountid'].includes(simplified(text)));
  const others = parameters.filter((parameter) => parameter.isRequired && !isAccount(parameter));
  if (others.length > 0) {
    throw new UnknownFormError(
      `it requires parameters that this version doesn't know: ${others.map(({ name, type }) => `${name} (${type || 'no type'})`).join(', ')}`,
      { hint: offHint },
    );
  }
  return Object.fromEntries(parameters.filter(isAccount).map(({ name }) => [name, account]));
}

type Waited = { kind: 'file'; file: string } | { kind: 'failed'; why: string } | { kind: 'waiting'; status: string };

async function waitAndDownload(
  context: JobContext,
  { instanceId, periodStart, reportId, requestedAt }: OpenRequest & { instanceId: string },
  { folder, deadline }: { folder: string; deadline: number },
): Promise<Waited> {
  const { account, database, run, signal } = context;
  const call = callOf(context, reportId);
  const reported = new Set<string>();
  let waitMs = context.assignmentReport.firstWaitMs ?? 500;
  for (;;) {
    run.step({ text: 'checking the assignment report' });
    let status: InstanceStatus | { kind: 'file' } = await readInstance(call, instanceId);
    const now = currentTime(context);
    if (status.kind !== 'gone') {
      const instance = status.kind === 'ready' ? { instance: status.instance } : {};
      await recordStatus(database, account, periodStart, { status: status.status, now, ...instance });
    }
    if (status.kind === 'ready') {
      const file = fileNameOf(account, instanceId);
      status = await download(context, call, instanceId, { folder, file, periodStart });
      if (status.kind === 'file') return { kind: 'file', file };
    }
    if (status.kind === 'gone')
      return { kind: 'failed', why: `Bandwidth can't find instance ${instanceId} (${status.description})` };
    if (status.kind === 'failed')
      return { kind: 'failed', why: `instance ${instanceId} has the status ${status.status}` };
    if (status.kind === 'unknown' && !reported.has(status.status)) {
      reported.add(status.status);
      run.warn(
        `Instance ${instanceId} of Bandwidth's assignment report (account ${account}) has the status ${JSON.stringify(status.status)}, which is not known; it is treated as still being made.`,
      );
    }
    if (now.getTime() - requestedAt.getTime() > giveUpMs) {
      return {
        kind: 'failed',
        why: `instance ${instanceId} was not ready ${Math.round(giveUpMs / 86_400_000)} days after it was requested (${status.status})`,
      };
    }
    if (performance.now() + waitMs > deadline) return { kind: 'waiting', status: status.status };
    run.step({ text: `waiting for the assignment report (${status.status})` });
    await sleep(waitMs, signal);
    waitMs = Math.min(maxWaitMs, waitMs * 2);
  }
}

async function download(
  context: JobContext,
  call: ReportCall,
  instanceId: string,
  { folder, file, periodStart }: { folder: string; file: string; periodStart: Day },
): Promise<WithoutFile | { kind: 'file' }> {
  const { account, database, run } = context;
  const text = 'downloading the assignment report';
  const answer = await downloadFile((receiver) => downloadInstance(call, instanceId, receiver), {
    ...{ folder, file, limits: context.billing.download, maxBytes: maxFileBytes },
    noun: 'file',
    // Messages are XML, and a proxy's are HTML.
    isFile: (begin) => !/^(?:\ufeff)?\s*</.test(begin.toString('utf8')),
    tooLargeHint: offHint,
    onProgress: (count, of) => run.step({ text, done: { count, of, unit: 'bytes' } }),
  });
  if (answer.kind !== 'file') return answer;
  await recordFile(database, account, periodStart, { name: file, bytes: answer.bytes });
  run.add({ pages: 1 });
  return { kind: 'file' };
}

async function load(
  context: JobContext,
  form: AssignmentReportForm,
  { open, folder, file }: { open: OpenRequest; folder: string; file: string },
): Promise<void> {
  const { account, database, log, run, signal } = context;
  const text = 'loading the assignment report';
  let count = 0;
  const loaded = await loadReport(
    database,
    { account, periodStart: open.periodStart, folder, file },
    {
      form,
      signal,
      onLines(more) {
        count += more;
        run.step({ text, done: { count, unit: 'rows' } });
      },
    },
  );
  await removeOtherFiles(folder, account, file);
  run.add({ rowsRead: loaded.rows, rowsWritten: loaded.written });
  run.reject(loaded.rejected);
  for (const warning of warningsOf(loaded)) run.warn(`Bandwidth's assignment report of account ${account}: ${warning}`);
  const { ignored } = loaded.table;
  const without = ignored.length === 0 ? '' : `; not read: ${ignored.join(', ')}`;
  log.info(
    `Bandwidth's assignment report of account ${account} has ${formatCount(loaded.numbers)} numbers (columns ${loaded.table.columns.number} and ${loaded.table.columns.status}${without})`,
  );
  const differences = await describeDifferences(database, account, signal);
  if (differences !== undefined) run.warn(differences);
}

function warningsOf({ unknown, unknownStatuses, rejected }: LoadedReport): string[] {
  const shown = unknownStatuses.map((status) => JSON.stringify(status)).join(', ');
  return [
    ...(unknown === 0
      ? []
      : [
          `the status of ${formatCount(unknown)} numbers is not understood or contradictory (${shown}). Add the words to the section assignment_report in the file in TN_LEDGER_FORM_FILE.`,
        ]),
    ...(rejected === 0
      ? []
      : [`${formatCount(rejected)} lines have no number that can be read; they are in assignment_report_rejects.`]),
  ];
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
