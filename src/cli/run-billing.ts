import { resolve } from 'node:path';
import { createReportJob, type ReportJobOptions, type ReportJobResult } from '../billing/report-job.js';
import { parseReportType } from '../billing/report-type.js';
import { parseDuration } from '../config.js';
import { type ExitStatus, UsageError } from '../errors.js';
import { runJob } from '../run/run-job.js';
import { checkClocks } from './check-clocks.js';
import { chooseOneAccount } from './choose-accounts.js';
import { parseDayOption, rejectFutureDays } from './day-options.js';
import { formatCount, formatTable } from './format.js';
import { limitHeapGrowth } from './memory.js';
import { withMetricsFile } from './metrics-file.js';
import { printResult } from './print-result.js';
import { openRunEnvironment } from './run-environment.js';
import { printProblems, statusOf } from './run-jobs.js';
import { type ApiSession, type SettingsSource, withApiSession } from './session.js';

export interface BillingOptions {
  type: string;
  from?: string;
  to?: string;
  file?: string;
  via: string;
  timeout: string;
  acceptShrink?: boolean;
  account?: string;
  json?: boolean;
}

/** Loads one report and prints the result. */
export async function runBilling(source: SettingsSource, options: BillingOptions): Promise<void> {
  const wanted = readOptions(options, source.cwd);
  const timeoutMs = readTimeout(options.timeout);
  await withApiSession(
    source,
    withMetricsFile((session) => bring(session, wanted, { ...options, timeoutMs })),
  );
}

async function bring(
  session: ApiSession,
  wanted: ReportJobOptions,
  options: BillingOptions & { timeoutMs: number },
): Promise<ExitStatus> {
  const account = chooseOneAccount(await session.accounts(), { config: session.config, wanted: options.account });
  limitHeapGrowth();
  const opened = await openRunEnvironment(session, account);
  const environment = { ...opened, billing: { ...opened.billing, timeoutMs: options.timeoutMs } };
  await rejectFutureDays(environment.database, { '--from': wanted.days?.from, '--to': wanted.days?.to });
  if (wanted.file === undefined) await checkClocks(session, [account], () => environment);
  let brought: ReportJobResult | undefined;
  const job = createReportJob(wanted, (result) => {
    brought = result;
  });
  const report = await runJob(job, account, environment, {
    maxShrink: session.config.maxShrink,
    acceptShrink: options.acceptShrink ?? false,
    ...session.config.jobLimits,
    followedBy: new Set(),
  });
  if (brought !== undefined) printResult(options.json ? toJson(brought) : toText(brought, wanted), options);
  printProblems(session, [report]);
  return report.error instanceof UsageError ? report.error.exitStatus : statusOf([report]);
}

function readOptions(options: BillingOptions, cwd: string): ReportJobOptions {
  const type = parseReportType(options.type);
  const { via, file } = options;
  if (via !== 'billingreports' && via !== 'bdrs') {
    throw new UsageError(`Unknown resource ${JSON.stringify(via)}.`, { hint: 'Set --via to billingreports or bdrs.' });
  }
  if (via === 'bdrs' && type !== 'BDR') {
    throw new UsageError(`The resource bdrs only has reports of type BDR, not ${type}.`, { hint: 'Omit --via.' });
  }
  if (file === undefined && (options.from === undefined || options.to === undefined)) {
    throw new UsageError('--from or --to is missing. A report covers a range of days.', {
      hint: 'For example: tn-ledger billing --type BDR --from 2026-10-01 --to 2026-10-31',
    });
  }
  const days = readDays(options);
  return { type, days, resource: via, file: file === undefined ? undefined : resolve(cwd, file) };
}

function readDays({ from, to }: BillingOptions): ReportJobOptions['days'] {
  if (from === undefined && to === undefined) return undefined;
  if (from === undefined || to === undefined) {
    throw new UsageError('--from and --to must be used together.', { hint: 'Set both the first and the last day.' });
  }
  parseDayOption('--from', from);
  parseDayOption('--to', to);
  if (from > to) throw new UsageError(`--from ${from} is after --to ${to}.`);
  return { from, to };
}

function readTimeout(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds === undefined) {
    throw new UsageError(`--timeout must be a duration such as 2h, 30m or 90s, not ${JSON.stringify(text)}.`);
  }
  return milliseconds;
}

function toText({ reportId, loaded }: ReportJobResult, { type }: ReportJobOptions): string {
  const { days, files, rows, rejected, leftOut, replaced, sameAs } = loaded;
  const unloaded = sameAs === undefined ? 'saved, not loaded' : 'unchanged';
  const table = formatTable(
    ['file', 'bytes', 'rows', 'rejected'],
    files.map((file) => [
      file.name,
      formatCount(file.bytes),
      file.rows === null ? unloaded : formatCount(file.rows),
      formatCount(file.rejected),
    ]),
    { right: [1, 2, 3] },
  );
  const range = days === undefined ? 'no days' : `${days.from} to ${days.to}`;
  if (sameAs !== undefined) {
    return `${table}\n\n${type} ${range}, report ${reportId}: the same content as report ${sameAs}, whose rows stay. Nothing was loaded.`;
  }
  const counts = `${formatCount(rows)} rows loaded, ${formatCount(rejected)} rejected, ${formatCount(replaced)} rows of older reports replaced`;
  const others = leftOut === 0 ? '' : ` ${formatCount(leftOut)} rows of other days were skipped.`;
  return `${table}\n\n${type} ${range}, report ${reportId}: ${counts}.${others}`;
}

function toJson({ reportId, loaded }: ReportJobResult): string {
  const { days, files, rows, rejected, leftOut, replaced, sameAs } = loaded;
  return JSON.stringify(
    {
      report_id: reportId,
      start_date: days?.from ?? null,
      end_date: days?.to ?? null,
      rows,
      rejected,
      left_out: leftOut,
      replaced,
      same_as: sameAs ?? null,
      files,
    },
    null,
    2,
  );
}
