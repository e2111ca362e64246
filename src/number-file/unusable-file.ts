import { type LedgerErrorOptions, UsageError } from '../errors.js';

export interface UnusableFileOptions extends LedgerErrorOptions {
  /** How to fix the file, for people who can only change the file; the hint if that names no option. */
  fix?: string;
  /** The command may be wrong rather than the file. */
  byCommand?: boolean;
}

/** A file that can't be used as a list of numbers. */
export class UnusableFileError extends UsageError {
  override readonly name = 'UnusableFileError';
  readonly fix: string | undefined;
  readonly byCommand: boolean;
  /** The batch that records the rejected file, if there is one. */
  batchId: string | undefined;

  /** @param describe returns the message for a file name: the file may be moved later */
  constructor(
    path: string,
    readonly describe: (file: string) => string,
    { fix, byCommand = false, ...options }: UnusableFileOptions,
  ) {
    super(describe(path), options);
    this.fix = fix ?? options.hint;
    this.byCommand = byCommand;
  }
}
