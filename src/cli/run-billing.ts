import { resolve } from 'node:path';
import { type BringOptions, type Brought, bringReport } from '../billing/bring-report.js';
import { parseReportType } from '../billing/report-type.js';
import { parseDuration } from '../config.js';
import { type ExitStatus, UsageError } from '../errors.js';
import { runJob } from '../sync/run-job.js';
import type { BillingOptions } from './billing.js';
import { billingSettings } from './billing-settings.js';
import { chooseOneAccount } from './choose-accounts.js';
import { formatCount, formatTable } from './format.js';
import { collectEarly } from './memory.js';
import { parsePastDay } from './past-day.js';
import { openRunEnvironment } from './run-environment.js';
import { printProblems, statusOf } from './run-jobs.js';
import { type ApiSession, type SettingsSource, withApiSession } from './session.js';

/** Brings one report in and prints what came of it. */
export async function runBilling(source: SettingsSource, options: BillingOptions): Promise<void> {
  const wanted = readOptions(options, source.cwd);
  const timeoutMs = readTimeout(options.timeout);
  await withApiSession(source, (session) => bring(session, wanted, { ...options, timeoutMs }));
}

async function bring(
  session: ApiSession,
  wanted: BringOptions,
  options: BillingOptions & { timeoutMs: number },
): Promise<ExitStatus> {
  const account = chooseOneAccount(await session.accounts(), options.account);
  collectEarly();
  const environment = {
    ...(await openRunEnvironment(session)),
    billing: billingSettings(session.config, options.timeoutMs),
  };
  let brought: Brought | undefined;
  const job = bringReport(wanted, (result) => {
    brought = result;
  });
  const report = await runJob(job, account, environment, {
    maxShrink: session.config.maxShrink,
    acceptShrink: false,
    nightLimitMs: session.config.nightLimitMs,
    followedBy: new Set(),
  });
  if (brought !== undefined) process.stdout.write(`${options.json ? toJson(brought) : toText(brought, wanted)}\n`);
  printProblems(session, [report]);
  return report.error instanceof UsageError ? report.error.exitStatus : statusOf([report]);
}

function readOptions(options: BillingOptions, cwd: string): BringOptions {
  const type = parseReportType(options.type);
  const { via, file } = options;
  if (via !== 'billingreports' && via !== 'bdrs') {
    throw new UsageError(`There is no resource ${JSON.stringify(via)}.`, { hint: '--via is billingreports or bdrs.' });
  }
  if (via === 'bdrs' && type !== 'BDR') {
    throw new UsageError(`The resource bdrs has reports of type BDR only, not ${type}.`, { hint: 'Leave --via out.' });
  }
  if (file === undefined && (options.from === undefined || options.to === undefined)) {
    throw new UsageError('A report covers a range of days: --from or --to is missing.', {
      hint: 'For example: tn-ledger billing --type BDR --from 2026-10-01 --to 2026-10-31',
    });
  }
  const days = readDays(options);
  return { type, days, resource: via, file: file === undefined ? undefined : resolve(cwd, file) };
}

function readDays({ from, to }: BillingOptions): BringOptions['days'] {
  if (from === undefined && to === undefined) return undefined;
  if (from === undefined || to === undefined) {
    throw new UsageError('--from and --to go together.', { hint: 'Name the first and the last day.' });
  }
  parsePastDay('--from', from);
  parsePastDay('--to', to);
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

function toText({ reportId, loaded }: Brought, { type }: BringOptions): string {
  const { days, files, rows, rejected, leftOut, replaced } = loaded;
  const table = formatTable(
    ['file', 'bytes', 'rows', 'rejected'],
    files.map((file) => [
      file.name,
      formatCount(file.bytes),
      file.rows === null ? 'kept, not loaded' : formatCount(file.rows),
      formatCount(file.rejected),
    ]),
    { right: [1, 2, 3] },
  );
  const range = days === undefined ? 'no days' : `${days.from} to ${days.to}`;
  const counts = `${formatCount(rows)} rows loaded, ${formatCount(rejected)} rejected, ${formatCount(replaced)} of older reports replaced`;
  const others = leftOut === 0 ? '' : ` ${formatCount(leftOut)} rows of other days were left out.`;
  return `${table}\n\n${type} ${range}, report ${reportId}: ${counts}.${others}`;
}

function toJson({ reportId, loaded }: Brought): string {
  const { days, files, rows, rejected, leftOut, replaced } = loaded;
  return JSON.stringify(
    {
      report_id: reportId,
      start_date: days?.from ?? null,
      end_date: days?.to ?? null,
      rows,
      rejected,
      left_out: leftOut,
      replaced,
      files,
    },
    null,
    2,
  );
}
