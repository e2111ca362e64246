import { fetchAssignmentReport as fetchReport, isReportDue } from '../src/nruf/assignment-report/fetch-report.js';
import type { Job } from '../src/run/job.js';

/** The list of reports, its parameters and instances, the new instance, its status (about twice), and its file. */
const requestsPerReport = 7;

/** Bandwidth's own report of assigned numbers, to compare it with the ledger: at most one instance per night or week. */
export const fetchAssignmentReport: Job = {
  name: 'fetch-assignment-report',
  summary: "Bandwidth's own report of assigned numbers: requests, downloads, loads and compares it",
  async cost(context) {
    const { schedule } = context.assignmentReport;
    if (schedule === 'off') return { requests: 0, least: 0, reason: 'TN_LEDGER_ASSIGNMENT_REPORT is off' };
    if (!(await isReportDue(context))) return { requests: 0, least: 0, reason: 'the report of this period is there' };
    return { requests: requestsPerReport, least: requestsPerReport, reason: `the ${schedule} report` };
  },
  async run(context) {
    if (context.assignmentReport.schedule === 'off')
      context.log.info('TN_LEDGER_ASSIGNMENT_REPORT is off: nothing to do');
    else await fetchReport(context);
  },
};
