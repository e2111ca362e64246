import { type ExitStatus, exitStatus, LedgerError } from '../errors.js';
import type { Redact } from '../redact.js';
import { terminalSafe } from '../terminal-text.js';

/**
 * Prints an error on standard error and answers with the exit status it asks for. Errors meant for people are a message and what
 * to do next; any other is a defect of the program, printed with its stack so that it can be reported.
 */
export function printFailure(error: unknown, redact: Redact = (text) => text): ExitStatus {
  process.stderr.write(`${terminalSafe(redact(describeFailure(error)))}\n`);
  return error instanceof LedgerError ? error.exitStatus : exitStatus.failed;
}

export function describeFailure(error: unknown): string {
  if (error instanceof LedgerError) return error.hint === undefined ? error.message : `${error.message}\n${error.hint}`;
  const stack = error instanceof Error ? error.stack : String(error);
  return `tn-ledger stopped by an error of its own; please report it with these lines:\n${stack}`;
}
