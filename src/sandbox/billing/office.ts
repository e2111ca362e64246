import type { SandboxClock } from '../clock.js';
import { hash } from '../hash.js';
import { type BillingBehaviour, type SandboxBilling, type SandboxReport, usualBehaviour } from './behaviour.js';

export interface ReportState extends SandboxReport {
  /** When it was requested, by the clock. */
  readonly requestedAt: number;
  reads: number;
  /** The archive, once it was asked for and is small enough to keep. */
  archive: Buffer | undefined;
}

/** The reports that were requested, and how they are answered. */
export interface BillingOffice {
  behaviour: BillingBehaviour;
  reports: ReportState[];
  open(report: Omit<SandboxReport, 'id'>): ReportState;
  find(account: string, id: string, resource: SandboxReport['resource']): ReportState | undefined;
  /** Counts as a read, and tells whether the report is at its end. */
  read(report: ReportState): boolean;
  forTests: SandboxBilling;
}

export function createBillingOffice(seed: number, clock: SandboxClock): BillingOffice {
  const behaviour = usualBehaviour();
  const reports: ReportState[] = [];
  let opened = 0;
  const forget = (id: string) => {
    const at = reports.findIndex((report) => report.id === id);
    if (at !== -1) reports.splice(at, 1);
  };
  return {
    behaviour,
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
      const { pace } = behaviour;
      return 'reads' in pace ? report.reads >= pace.reads : clock.now().getTime() - report.requestedAt >= pace.ms;
    },
    // Tests change the behaviour itself.
    forTests: Object.assign(behaviour, { reports, forget }),
  };
}

function reportId(seed: number, n: number): string {
  const digits = [1, 2, 3, 4].map((part) => hash(hash(seed, part), n).toString(16).padStart(8, '0')).join('');
  return [8, 12, 16, 20, 32].map((end, i, ends) => digits.slice(ends[i - 1] ?? 0, end)).join('-');
}
