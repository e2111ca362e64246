import { descriptions } from '../dashboard/registry.js';
import { sites } from '../dashboard/resources/sites.js';
import { groupBy } from '../group-by.js';

/** The tables that each job fills, by the job's name. */
const tablesOfJobs: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    [...groupBy(descriptions, ({ job }) => job.name)].map(([job, ofJob]) => [
      job,
      [...new Set(ofJob.map((each) => (each.type === 'snapshot' ? 'telephone_numbers' : each.table)))],
    ]),
  ),
  [sites.job.name]: ['sites', 'sip_peers', 'number_location_history', 'telephone_numbers'],
  'submit-number-assignments': ['assignment_batches'],
  'fetch-billing-reports': ['billing_reports and its records'],
  'fetch-assignment-report': ['assignment_report_numbers'],
  // They only make counting faster.
  'prepare-nruf': [],
  'write-report': ['the report'],
};

/** What a job fills, for a reader: names of tables. */
export function tablesOf(job: string): readonly string[] {
  return tablesOfJobs[job] ?? ['all tables'];
}
