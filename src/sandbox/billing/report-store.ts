import type { SandboxClock } from '../clock.js';
import { hash } from '../hash.js';
import { type BillingBehavior, defaultBehavior, type SandboxBilling, type SandboxReport } from './behavior.js';

export interface ReportState extends SandboxReport {
  /** When it was requested, on the sandbox clock. */
  readonly requestedAt: number;
  reads: number;
  /** The archive, after the first download, if it is small enough to keep. */
  archive: Buffer | undefined;
}

/** The requested reports and the behavior of the billing resources. */
export interface BillingReportStore {
  behavior: BillingBehavior;
  reports: ReportState[];
  open(report: Omit<SandboxReport, 'id'>): ReportState;
  find(account: string, id: string, resource: SandboxReport['resource']): ReportState | undefined;
  /** Counts a read and returns whether the report is ready. */
  read(report: ReportState): boolean;
  testInterface: SandboxBilling;
}

export function createBillingReportStore(seed: number, clock: SandboxClock): BillingReportStore {
  const behavior = defaultBehavior();
  const reports: ReportState[] = [];
  let opened = 0;
  const forget = (id: string) => {
    const at = reports.findIndex((report) => report.id === id);
    if (at !== -1) reports.splice(at, 1);
  };
  return {
    behavior,
    reports,
    open(report) {
      opened += 1;
      const state = {
        ...report,
        id: reportId(seed, opened),
        requestedAt: clock.now().getTime(),
        reads: 0,
        archive: undefined,
      };
      reports.push(state);
      return state;
    },
    find: (account, id, resource) =>
      reports.find((report) => report.id === id && report.account === account && report.resource === resource),
    read(report) {
      report.reads += 1;
      const { pace } = behavior;
      return 'reads' in pace ? report.reads >= pace.reads : clock.now().getTime() - report.requestedAt >= pace.ms;
    },
    // Tests modify the behavior object itself.
    testInterface: Object.assign(behavior, { reports, forget }),
  };
}

function reportId(seed: number, n: number): string {
  const digits = [1, 2, 3, 4].map((part) => hash(hash(seed, part), n).toString(16).padStart(8, '0')).join('');
  return [8, 12, 16, 20, 32].map((end, i, ends) => digits.slice(ends[i - 1] ?? 0, end)).join('-');
}
