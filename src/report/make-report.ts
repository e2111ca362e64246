import { readHeldLocks } from '../database/advisory-locks.js';
import type { Database } from '../database/connect.js';
import { inTransaction } from '../database/transaction.js';
import { dayOf } from '../days.js';
import { pageOf } from './page.js';
import type { Scope } from './scope.js';
import { assignmentReportSection, readAssignmentReports } from './sections/assignment-report.js';
import { attentionSection, readConcerns } from './sections/attention.js';
import { batchesSection, readBatches } from './sections/batches.js';
import { billingSection, readBilling } from './sections/billing.js';
import { changesSection, readChanges } from './sections/changes.js';
import { filingsSection, readFilings } from './sections/filings.js';
import { inventorySection, readInventory } from './sections/inventory.js';
import { locationsSection, readLocationCounts } from './sections/locations.js';
import { portinsSection, readPortins } from './sections/portins.js';
import { readRuns, runsSection } from './sections/runs.js';
import { readTrend, trendSection } from './sections/trend.js';
import { readUtilization, utilizationSection } from './sections/utilization.js';

export interface ReportOptions {
  /** The account to report; undefined: all accounts in the ledger, combined. */
  account?: string | undefined;
  /** The configured accounts. An account that isn't configured and has only failed runs is dropped after a day. */
  configured?: readonly string[];
  signal?: AbortSignal;
}

export interface Report {
  /** The complete HTML document. */
  html: string;
  /** The time of the snapshot that the report shows. */
  time: Date;
}

/** Makes the report from one snapshot. The same snapshot produces the same bytes. */
export async function makeReport(
  database: Database,
  { account, configured = [], signal }: ReportOptions,
): Promise<Report> {
  const locks = await readHeldLocks(database.pool);
  return inTransaction(
    database,
    { snapshot: true, repeatable: true, largeJoin: true, ...(signal !== undefined && { signal }) },
    async (client) => {
      const { rows } = await client.query<{ time: Date }>('select now() as time');
      const { time } = rows[0] as { time: Date };
      const scope: Scope = { client, account, configured, locks, time, day: dayOf(time) };
      // Several sections show these.
      const runs = await readRuns(scope);
      const inventory = await readInventory(scope);
      const changes = await readChanges(scope, runs);
      const utilization = await readUtilization(scope);
      const billing = await readBilling(scope);
      const locations = await readLocationCounts(scope);
      // To add a section: a file in sections/ with its queries and its content, and a line here.
      const sections = [
        attentionSection(await readConcerns(scope, { runs, inventory, utilization, billing }), inventory),
        trendSection(await readTrend(scope), inventory, changes),
        inventorySection(scope, inventory),
        locations && locationsSection(scope, locations),
        utilizationSection(scope, utilization),
        portinsSection(scope, await readPortins(scope)),
        changesSection(scope, changes),
        billing && billingSection(scope, billing),
        runsSection(scope, runs),
        batchesSection(scope, await readBatches(scope)),
        assignmentReportSection(scope, await readAssignmentReports(scope)),
        filingsSection(scope, await readFilings(scope)),
      ].filter((section) => section !== undefined);
      return { html: await pageOf(scope, sections), time: scope.time };
    },
  );
}
