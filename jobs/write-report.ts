import type { Job } from '../src/sync/job.js';
import { readSettled } from '../src/sync/run-record.js';

/** The report of the account as the night leaves it. Past ones stay: nothing removes them. */
export const writeReport: Job = {
  name: 'write-report',
  summary: 'the HTML report, below reports/ in the data folder',
  async run({ account, database, dataDir, log, run, signal }) {
    // Loaded here: what draws the charts takes longer to load than all the rest of a run that needs none.
    const [{ refreshIntervals }, { makeReport }, { reportPath, writeReportFile }] = await Promise.all([
      import('../src/nruf/refresh.js'),
      import('../src/report/make-report.js'),
      import('../src/report/report-file.js'),
    ]);
    await refreshIntervals(database, signal);
    const settled = await readSettled(database.pool, run);
    const { html, time } = await makeReport(database, { account, signal });
    const path = reportPath(dataDir, time, account);
    await writeReportFile(path, html, { replace: true });
    run.changesUntil = settled;
    log.info(`The report of account ${account} is ${path}`);
  },
};
