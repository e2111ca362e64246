import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { inTransaction } from '../src/database/transaction.js';
import { currentTime } from '../src/days.js';
import type { Job, JobContext } from '../src/run/job.js';
import { readSettled } from '../src/run/run-record.js';
import { storeResult } from '../src/stored-files/result-files.js';

/**
 * Writes the account's HTML report, and stores it in the database for all hosts. The database keeps one report per
 * account, the latest; the folder keeps those of `TN_LEDGER_KEEP_REPORTS` days, but of a nightly run that is tried again only
 * the last attempt's: there may be fifty a day.
 */
export const writeReport: Job = {
  name: 'write-report',
  summary: 'the HTML report, in reports/ in the data folder and (the latest) in the database',
  withoutApi: true,
  async run(context) {
    const { account, database, dataDir, log, run, signal } = context;
    // Loaded on demand: the chart code takes longer to load than everything else in a run without a report.
    const [{ refreshIntervals }, { makeReport }, { removeOldReports, reportPath, writeReportFile }] = await Promise.all(
      [
        import('../src/nruf/refresh.js'),
        import('../src/report/make-report.js'),
        import('../src/report/report-file.js'),
      ],
    );
    await refreshIntervals(database, [account], signal);
    const settled = await readSettled(database.pool, run);
    const { html, time } = await makeReport(database, { account, signal });
    const path = reportPath(dataDir, time, account);
    await writeReportFile(path, html, { replace: true });
    const earlier = await readEarlierAttempt(context);
    const report = { account, kind: 'report', name: basename(path), content: [html], runId: run.runId } as const;
    await inTransaction(database, { signal, repeatable: true }, (connection) => storeResult(connection, report));
    run.changesUntil = settled;
    if (earlier !== undefined && earlier !== basename(path)) {
      await rm(join(dirname(path), basename(earlier)), { force: true });
    }
    await removeOldReports(dataDir, { days: context.keepReportsDays, now: currentTime(context), account });
    log.info(`The report of account ${account} is ${path}`);
  },
};

/** The name of the report that an earlier attempt of the nightly run wrote; undefined if none did. */
async function readEarlierAttempt({ account, database, options }: JobContext): Promise<string | undefined> {
  if (options.continuesFrom === undefined) return undefined;
  const { rows } = await database.pool.query<{ name: string }>(
    `select f.file_name as name from result_files f join sync_runs r using (account_id, run_id)
      where f.account_id = $1 and f.kind = 'report' and r.started_at >= $2`,
    [account, options.continuesFrom],
  );
  return rows[0]?.name;
}
