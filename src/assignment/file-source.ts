import type { AssignOptions } from './assign-file.js';
import type { Batch, BatchSummary } from './batches.js';
import type { TrustedUsers } from './inbox-entry.js';
import type { ReconcileChoices } from './reconcile-file.js';
import type { Rejection } from './rejected-files.js';

export interface ProcessFilesOptions {
  dataDir: string;
  /** All configured accounts. */
  accounts: readonly string[];
  /** Users whose files are accepted. */
  trusted: TrustedUsers;
  /** How long to wait for the orders of all batches together to finish, in milliseconds. */
  timeoutMs: number;
  /** Called with the summary of each batch that was started or resumed. */
  onSummary: (summary: BatchSummary) => void;
  /**
   * Called for each file that was rejected or can't be read, written or moved, with the number of lines or files that
   * it counts for.
   */
  onRejected: (count: number) => void;
}

export type FinishedBatch = Batch & { finishedAt: Date };
/** The batches of a file: the first has its lines. */
export type FinishedBatches = readonly [FinishedBatch, ...FinishedBatch[]];

/** A file to assign or reconcile: where it is read from, and what becomes of it. */
export interface FileSource {
  /** Names it in warnings. */
  title: string;
  path: string;
  /** How to read it. */
  options: Omit<AssignOptions, 'wait' | 'timeoutMs' | 'fromInbox' | 'dryRun'>;
  /** It is a list of numbers in use, to be compared with the ledger; undefined: a list of numbers to assign. */
  reconcile?: ReconcileChoices | undefined;
  /** The batches that an earlier run recorded for it; undefined if the file has to be read. */
  batches?: Batch[] | undefined;
  /** Puts the rejected file away and reports it. */
  reject(error: Rejection): Promise<void>;
  /** Puts the file away with the results of its batches; returns whether that was possible. */
  finish(batches: FinishedBatches): Promise<boolean>;
}
