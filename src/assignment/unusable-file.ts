import { type LedgerErrorOptions, UsageError } from '../errors.js';

export interface UnusableFileOptions extends LedgerErrorOptions {
  /** What to change about the file, for those who can only change the file; the hint where it names no option. */
  fix?: string;
  /** The command line could have said otherwise: the file itself may be all right. */
  byCommand?: boolean;
}

/** A file that can't be taken as a list of numbers. */
export class UnusableFileError extends UsageError {
  override readonly name = 'UnusableFileError';
  readonly fix: string | undefined;
  readonly byCommand: boolean;
  /** The batch that keeps the file as rejected, where there is one. */
  batchId: string | undefined;

  /** @param describe the message, with what it is to call the file: the file may be moved later */
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
