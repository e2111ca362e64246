// Loading the jobs takes several times as long as what many commands do: those that only need names import this file.
import { coreDescriptions, otherDescriptions } from '../src/dashboard/registry.js';
import type { Description } from '../src/dashboard/resource.js';

/** The job that runs all others. */
export const nightlyName = 'nightly';

/** What a nightly run does in any case, most important first. */
export const firstNames: readonly string[] = [
  'sync-inservice-numbers',
  'sync-number-details',
  'sync-sites',
  ...namesOf(coreDescriptions),
  'submit-number-assignments',
  'fetch-billing-reports',
];

/** What can wait for the next run. */
export const laterNames: readonly string[] = [
  'fetch-assignment-report',
  ...namesOf(otherDescriptions),
  'sync-order-history',
  'fetch-number-histories',
];

export const lastNames: readonly string[] = ['prepare-nruf', 'write-report'];

/** The jobs of a nightly run, in order. */
export const planNames: readonly string[] = [...firstNames, ...laterNames, ...lastNames];

/** All jobs of `tn-ledger run`. */
export const jobNames: readonly string[] = [...planNames, nightlyName];

/** The jobs that read lists, in the registry's order; some read several. */
function namesOf(lists: readonly Description[]): string[] {
  return [...new Set(lists.map(({ job }) => job.name))];
}
