import { type ZipFile, zipWhole } from './zip.js';

/** A response that replaces the normal one. Without a code it has no body. */
export interface BillingRefusal {
  status: number;
  code?: string;
  description?: string;
}

/** A billing report. */
export interface SandboxReport {
  readonly id: string;
  readonly account: string;
  readonly type: string;
  /** First and last day, `yyyy-MM-dd`. */
  readonly from: string;
  readonly to: string;
  readonly resource: 'billingreports' | 'bdrs';
}

/** How the billing resources behave. Tests can change it at any time. */
export interface BillingBehavior {
  /** Records per day in each report; 100 by default, at most 5,000,000. */
  rowsPerDay: number;
  /** When a report is ready: at its nth read, or this many milliseconds after its request on the sandbox clock. */
  pace: { reads: number } | { ms: number };
  /**
   * How it ends: with a documented status, as a failure that only its description mentions, or with an undocumented
   * status.
   */
  outcome: 'COMPLETED' | 'COMPLETE' | 'FAILED' | 'described as failed' | (string & {});
  /** The status until then. */
  pendingStatus: string;
  /** The Location header of a new report. */
  location: 'absolute' | 'relative' | 'foreign';
  /** Whether range requests for a file are supported. */
  ranges: boolean;
  /** Whether file responses include Content-Length and ETag. */
  sendsLength: boolean;
  contentType: string;
  /** Creates the archive from the files of a report, unless it is too large for memory. */
  archive: (files: readonly ZipFile[]) => Promise<Buffer>;
  /** What the archive of an INVOICE report holds: a document, with or without its lines as CSV. */
  invoice: 'document and lines' | 'document';
  /** Files of the archive, instead of generated records. */
  files: ((report: SandboxReport) => ZipFile[]) | undefined;
  /** Responses to the next requests, one each, instead of the normal ones. */
  refuse: { request: BillingRefusal[]; read: BillingRefusal[]; file: BillingRefusal[] };
  /** Break file downloads after this many bytes, one entry per request. */
  breakAfter: number[];
}

/** The billing resources as tests see them. */
export interface SandboxBilling extends BillingBehavior {
  /** Every requested report, in order. */
  readonly reports: readonly SandboxReport[];
  /** Deletes a report; later reads return 404. */
  forget(id: string): void;
}

export function defaultBehavior(): BillingBehavior {
  return {
    rowsPerDay: 100,
    pace: { reads: 1 },
    outcome: 'COMPLETED',
    pendingStatus: 'PROCESSING',
    location: 'absolute',
    ranges: true,
    sendsLength: true,
    contentType: 'application/zip',
    archive: zipWhole,
    invoice: 'document and lines',
    files: undefined,
    refuse: { request: [], read: [], file: [] },
    breakAfter: [],
  };
}
