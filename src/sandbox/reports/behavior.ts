import type { ZipFile } from '../billing/zip.js';

/** A response that replaces the normal one. Without a code it has no body. */
export interface InstanceRefusal {
  status: number;
  code?: string;
  description?: string;
}

/** An instance of a report. */
export interface SandboxInstance {
  readonly id: string;
  readonly account: string;
  readonly reportId: string;
  readonly outputFormat: string;
  readonly parameters: ReadonlyArray<readonly [name: string, value: string]>;
  /** On the sandbox clock. */
  readonly requestedAt: Date;
  /** `yyyy-MM-dd`. */
  readonly expiresAt: string;
}

/** A line of the assignment report. */
export interface ReportRow {
  number: string;
  status: string;
}

/** How the report resources behave. Tests can change it at any time. */
export interface ReportBehavior {
  /** When an instance is ready: at its nth read, or this many milliseconds after its request on the sandbox clock. */
  pace: { reads: number } | { ms: number };
  /** The status until then. */
  pendingStatus: string;
  /** The status from then on. The file exists only if it is Ready. */
  outcome: 'Ready' | 'Expired' | (string & {});
  /** Headings of the columns: number, status, and two that say nothing about the assignment. */
  headings: readonly [number: string, status: string, subAccount: string, location: string];
  /** Changes the lines of the report. */
  rows: (rows: ReportRow[]) => ReportRow[];
  /** Replaces the file. */
  content: string | undefined;
  /** Whether the file is a ZIP archive. */
  zipped: boolean;
  /** Further files of the archive. */
  otherFiles: readonly ZipFile[];
  /** Parameters that the report requires in addition to the account. */
  otherParameters: readonly string[];
  /** Responses to the next requests, one each, instead of the normal ones. */
  refuse: { request: InstanceRefusal[]; read: InstanceRefusal[]; file: InstanceRefusal[] };
}

/** The report resources as tests see them. */
export interface SandboxReports extends ReportBehavior {
  /** Every instance, in order. */
  readonly instances: readonly SandboxInstance[];
  /** Deletes an instance; later reads return 404. */
  forget(id: string): void;
}

export function defaultReportBehavior(): ReportBehavior {
  return {
    pace: { reads: 1 },
    pendingStatus: 'In Progress',
    outcome: 'Ready',
    headings: ['Telephone Number', 'Assignment Status', 'Sub-account', 'Location'],
    rows: (rows) => rows,
    content: undefined,
    zipped: false,
    otherFiles: [],
    otherParameters: [],
    refuse: { request: [], read: [], file: [] },
  };
}
