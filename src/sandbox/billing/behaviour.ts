import type { ZipFile } from './zip.js';

/** What may be wrong with a report's archive. */
export const archiveFaults = [
  'cut-tail',
  'wrong-crc',
  'wrong-size',
  'nested',
  'encrypted',
  'method',
  'unsafe-names',
  'duplicate-names',
  'many-files',
  'overlap',
  'bomb',
  'no-csv',
  'not-zip',
  'empty',
] as const;

export type ArchiveFault = (typeof archiveFaults)[number];

/** An answer in place of the one that was due. Without a code there is no body. */
export interface BillingRefusal {
  status: number;
  code?: string;
  description?: string;
}

/** A report as the sandbox knows it. */
export interface SandboxReport {
  readonly id: string;
  readonly account: string;
  readonly type: string;
  /** First and last day, `yyyy-MM-dd`. */
  readonly from: string;
  readonly to: string;
  readonly resource: 'billingreports' | 'bdrs';
}

/** How the billing resources behave: tests change it at any time. */
export interface BillingBehaviour {
  /** Records of a day in each report; 100 unless told, up to 5,000,000. */
  rowsPerDay: number;
  /** When a report is ready: at its n-th read, or so many milliseconds after it was requested, as the sandbox's clock moves. */
  pace: { reads: number } | { ms: number };
  /** How it ends: as a failure by its status, or by what its description says, or as a word that nobody documents. */
  outcome: 'COMPLETED' | 'COMPLETE' | 'FAILED' | 'described as failed' | (string & {});
  /** The status until then. */
  waitingWord: string;
  /** What the Location header of a new report is. */
  location: 'absolute' | 'relative' | 'foreign';
  /** Whether a part of a file can be asked for. */
  ranges: boolean;
  /** Whether a file says its length, and a mark of its version. */
  tellsLength: boolean;
  contentType: string;
  archiveFault: ArchiveFault | undefined;
  /** Files of the archive in place of the records. */
  files: ((report: SandboxReport) => ZipFile[]) | undefined;
  /** Answers that come first, one a request, in place of the due ones. */
  refuse: { request: BillingRefusal[]; read: BillingRefusal[]; file: BillingRefusal[] };
  /** Connections of files that break after so many bytes, one a request. */
  breakAfter: number[];
}

/** The billing resources as tests see them. */
export interface SandboxBilling extends BillingBehaviour {
  /** Every report that was requested, in order. */
  readonly reports: readonly SandboxReport[];
  /** Forgets a report: it is not found any more. */
  forget(id: string): void;
}

export function usualBehaviour(): BillingBehaviour {
  return {
    rowsPerDay: 100,
    pace: { reads: 1 },
    outcome: 'COMPLETED',
    waitingWord: 'PROCESSING',
    location: 'absolute',
    ranges: true,
    tellsLength: true,
    contentType: 'application/zip',
    archiveFault: undefined,
    files: undefined,
    refuse: { request: [], read: [], file: [] },
    breakAfter: [],
  };
}
