import { commandFor } from '../src/billing/command-for.js';
import { removeOldArchives } from '../src/billing/downloads.js';
import { daysText, describe, fetchReports, type WantedReport } from '../src/billing/fetch-reports.js';
import { daysWithoutRows, rangesOf } from '../src/billing/missing-days.js';
import { daysToRequest } from '../src/billing/nightly-days.js';
import { isDocumented, parseReportType, unknownTypeWarning } from '../src/billing/report-type.js';
import { openReports } from '../src/billing/reports.js';
import { rollUpLoaded } from '../src/billing/roll-up-loaded.js';
import { currentTime, type Day } from '../src/days.js';
import { downloadsFolder } from '../src/downloads-folder.js';
import { LedgerError, messageOf } from '../src/errors.js';
import type { CostContext, Job, JobContext } from '../src/run/job.js';

/** Billing records such as calls and messages: the last three days of each type, one report per day, and reports still pending. */
export const fetchBillingReports: Job = {
  name: 'fetch-billing-reports',
  summary: 'billing reports: requests, downloads and loads them',
  async cost(context) {
    const reports = (await readWanted(context)).reduce((sum, { days, open }) => sum + days.length + open.length, 0);
    const requests = requestsPerReport * reports;
    return { requests, least: requests, reason: `${reports} reports, ${requestsPerReport} each` };
  },
  async run(context) {
    const { billing, database, run } = context;
    const wanted: WantedReport[] = [];
    for (const { type, days, open, gone } of await readWanted(context)) {
      if (!isDocumented(type)) run.warn(unknownTypeWarning(type));
      warnOfMissingRows(context, type, {
        again: gone.filter((day) => days.includes(day)),
        lost: gone.filter((day) => !days.includes(day) && !open.some(({ from, to }) => from <= day && day <= to)),
      });
      for (const report of open) wanted.push({ ...report, open: report });
      for (const day of days) wanted.push({ type, from: day, to: day, resource: 'billingreports', open: undefined });
    }
    try {
      await fetchAll(context, wanted);
    } catch (error) {
      // The run fails for the reports; a roll-up that fails, too, is a warning.
      await rollUpOthers(context).catch((other: unknown) => context.run.warn(messageOf(other)));
      throw error;
    }
    await rollUpOthers(context);
    await removeOldArchives(database, await downloadsFolder(context.dataDir), {
      days: billing.keepArchivesDays,
      now: currentTime(context),
    });
  },
};

/** To request a report, to ask for its status (about twice), and to download it. */
const requestsPerReport = 4;

/** The reports of a type: the days that a run requests, and the reports that it waits for. */
interface WantedOfType {
  type: string;
  days: Day[];
  open: Awaited<ReturnType<typeof openReports>>;
  /** Days whose rows were loaded and are no longer in the database. */
  gone: readonly Day[];
}

async function readWanted(context: CostContext): Promise<WantedOfType[]> {
  const { account, billing, database } = context;
  const { since, full = false } = context.options;
  const now = currentTime(context);
  const all: WantedOfType[] = [];
  for (const type of billing.types.map(parseReportType)) {
    const { gone, dropped } = await daysWithoutRows(database, account, type);
    const days = await daysToRequest(database.pool, { account, type, now, since, full, gone, dropped });
    const open = await openReports(database.pool, account, { type });
    all.push({ type, days, open, gone });
  }
  return all;
}

/** Rolls up reports that were loaded before the account's numbers were known, or by an earlier version. */
async function rollUpOthers({ account, database, run, signal }: JobContext): Promise<void> {
  if (signal.aborted) return;
  await rollUpLoaded(database, {
    account,
    full: false,
    signal,
    onReport: (count, of) => run.step({ text: 'rolling up billing records', done: { count, of, unit: 'reports' } }),
  });
}

/** @param missing days whose rows are gone: those requested again, and those too old for it or never requested by a nightly run */
function warnOfMissingRows(
  { account, run }: JobContext,
  type: string,
  missing: { again: readonly Day[]; lost: readonly Day[] },
): void {
  const rowsOf = (days: readonly Day[]) =>
    `The ${type} rows of ${rangesOf(days).map(daysText).join(', ')} were loaded and are no longer in the database`;
  if (missing.again.length > 0) run.warn(`${rowsOf(missing.again)}; these days are requested again.`);
  const [first] = rangesOf(missing.lost);
  if (first !== undefined) {
    run.warn(`${rowsOf(missing.lost)}. Load each range again: ${commandFor({ account, type, days: first })}`);
  }
}

async function fetchAll(context: JobContext, wanted: readonly WantedReport[]): Promise<void> {
  const outcomes = await fetchReports(context, wanted, 'night');
  const failures: Error[] = [];
  for (const outcome of outcomes) {
    if (outcome.result === 'failed') failures.push(outcome.error);
    if (outcome.result === 'waiting') {
      context.run.warn(
        `${describe(outcome.wanted)} was not ready in time (${outcome.status ?? 'no status'}). The next run waits for it again.`,
      );
    }
  }
  const [first] = failures;
  if (first === undefined) return;
  if (failures.length === 1) throw first;
  const loaded = outcomes.filter(({ result }) => result === 'loaded').length;
  const waiting = outcomes.length - failures.length - loaded;
  const others = [loaded > 0 ? `${loaded} loaded` : '', waiting > 0 ? `${waiting} not ready yet` : ''].filter(
    (each) => each,
  );
  throw new LedgerError(
    `${failures.length} of ${outcomes.length} billing reports of account ${context.account} failed${others.length === 0 ? '' : ` (${others.join(', ')})`}: ${failures.map(({ message }) => message).join(' ')}`,
    {
      hint: `${waiting === 0 && loaded > 0 ? 'The others were loaded. ' : ''}The next nightly run requests the failed ones again.`,
    },
  );
}
