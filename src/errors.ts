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
  /** How to fix the problem, as one or more sentences. */
  hint?: string;
  cause?: unknown;
}

/**
 * An error meant for the user: its message says what failed, for what (account, job, page, file), and what the program did
 * about it. It is printed without a stack trace. Any other error is a bug and is printed with one.
 */
export class LedgerError extends Error {
  override readonly name: string = 'LedgerError';
  /** Exit status of a command that fails with this error. */
  readonly exitStatus: ExitStatus = exitStatus.failed;
  readonly hint: string | undefined;

  constructor(message: string, options: LedgerErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint;
  }
}

/** Invalid usage or configuration: nothing was started. */
export class UsageError extends LedgerError {
  override readonly name: string = 'UsageError';
  override readonly exitStatus: ExitStatus = exitStatus.usage;
}

/** Another run of the same job is in progress; this one did nothing. */
export class AlreadyRunningError extends LedgerError {
  override readonly name = 'AlreadyRunningError';
  override readonly exitStatus: ExitStatus = exitStatus.alreadyRunning;
}

/** The run received SIGTERM or SIGINT and stopped after the current page. */
export class InterruptedError extends LedgerError {
  override readonly name = 'InterruptedError';
}

/** The exit status of a command that fails with this error. */
export function exitStatusOf(error: unknown): ExitStatus {
  return error instanceof LedgerError ? error.exitStatus : exitStatus.failed;
}

/** The message of any thrown value, for use inside another message. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(messageOf).join('; ');
  }
  return error instanceof Error ? error.message : String(error);
}
