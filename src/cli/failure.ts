import { type ExitStatus, exitStatusOf, LedgerError } from '../errors.js';
import type { PrintMessage } from './messages.js';

/**
 * Prints an error to standard error and returns its exit status. A LedgerError is printed as its message and hint; any other
 * error is a bug, printed with its stack trace so that it can be reported.
 */
export function printFailure(error: unknown, print: PrintMessage): ExitStatus {
  print('error', describeFailure(error));
  return exitStatusOf(error);
}

export function describeFailure(error: unknown): string {
  if (error instanceof LedgerError) return error.hint === undefined ? error.message : `${error.message}\n${error.hint}`;
  const stack = error instanceof Error ? error.stack : String(error);
  return `tn-ledger stopped because of an internal error. Please report it with these lines:\n${stack}`;
}
