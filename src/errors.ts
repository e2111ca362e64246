/** Exit statuses of the command line, part of the public contract. */
export const exitStatus = {
  done: 0,
  failed: 1,
  usage: 2,
  rejected: 3,
  alreadyRunning: 4,
} as const;

export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];

export interface LedgerErrorOptions {
  /** What the reader can do next, as one or more sentences. */
  hint?: string;
  cause?: unknown;
}

/**
 * An error whose message is meant for the person who reads the log: it says what happened, to what (account, job, page, file),
 * and what the program did about it. It is printed as one line, without a stack trace; any other error is a defect
 * of the program and is printed with one.
 */
export class LedgerError extends Error {
  override readonly name: string = 'LedgerError';
  /** Exit status of a command that ends with this error. */
  readonly exitStatus: ExitStatus = exitStatus.failed;
  readonly hint: string | undefined;

  constructor(message: string, options: LedgerErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint;
  }
}

/** Bad usage or configuration: nothing was started. */
export class UsageError extends LedgerError {
  override readonly name: string = 'UsageError';
  override readonly exitStatus: ExitStatus = exitStatus.usage;
}

/** Another run of the same job is in progress; this one did nothing. */
export class AlreadyRunningError extends LedgerError {
  override readonly name = 'AlreadyRunningError';
  override readonly exitStatus: ExitStatus = exitStatus.alreadyRunning;
}

/** The run was asked to stop (SIGTERM, SIGINT) and ended after the page in hand. */
export class InterruptedError extends LedgerError {
  override readonly name = 'InterruptedError';
}

/** The message of anything thrown, for quoting inside a larger sentence. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(messageOf).join('; ');
  }
  return error instanceof Error ? error.message : String(error);
}
