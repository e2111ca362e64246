import { fetchAssignmentReport as fetchReport } from '../src/nruf/assignment-report/fetch-report.js';
import type { Job } from '../src/run/job.js';

/** Bandwidth's own report of assigned numbers, to compare it with the ledger: at most one instance per night or week. */
export const fetchAssignmentReport: Job = {
  name: 'fetch-assignment-report',
  summary: "Bandwidth's own report of assigned numbers: requests, downloads, loads and compares it",
  async run(context) {
    if (context.assignmentReport.schedule === 'off')
      context.log.info('TN_LEDGER_ASSIGNMENT_REPORT is off: nothing to do');
    else await fetchReport(context);
  },
};
