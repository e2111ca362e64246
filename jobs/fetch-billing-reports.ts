import { downloadsFolder, removeOldArchives } from '../src/billing/downloads.js';
import { describe, fetchReports, type WantedReport } from '../src/billing/fetch-reports.js';
import { daysToRequest } from '../src/billing/night-days.js';
import { isDocumented, parseReportType, unknownTypeWarning } from '../src/billing/report-type.js';
import { openReports } from '../src/billing/reports.js';
import { LedgerError } from '../src/errors.js';
import type { Job, JobContext } from '../src/sync/job.js';

/** Records of calls, messages and the like: the last three days of each type, a report a day, and what earlier nights still wait for. */
export const fetchBillingReports: Job = {
  name: 'fetch-billing-reports',
  summary: 'billing reports: requested, fetched when they are ready, loaded',
  async run(context) {
    const { account, billing, database, run } = context;
    const now = context.now?.() ?? new Date();
    const wanted: WantedReport[] = [];
    for (const type of billing.types.map(parseReportType)) {
      if (!isDocumented(type)) run.warn(unknownTypeWarning(type));
      const { since, full = false } = context.options;
      const days = await daysToRequest(database.pool, { account, type, now, since, full });
      for (const open of await openReports(database.pool, account, { type })) wanted.push({ ...open, open });
      for (const day of days) wanted.push({ type, from: day, to: day, resource: 'billingreports', open: undefined });
    }
    await fetchAll(context, wanted);
    await removeOldArchives(database.pool, await downloadsFolder(context.dataDir), {
      days: billing.keepArchivesDays,
      now,
    });
  },
};

async function fetchAll(context: JobContext, wanted: readonly WantedReport[]): Promise<void> {
  const outcomes = await fetchReports(context, wanted, 'night');
  const failures: Error[] = [];
  for (const outcome of outcomes) {
    if (outcome.result === 'failed') failures.push(outcome.error);
    if (outcome.result === 'waiting') {
      context.run.warn(
        `${describe(outcome.wanted)} was not ready in time (${outcome.status ?? 'no status told'}); the next run goes on waiting for it.`,
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
