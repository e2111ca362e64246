import { LedgerError } from '../errors.js';

/** The nightly run failed only because jobs of it failed, each of which has its own error. */
export class FailedJobsError extends LedgerError {
  override readonly name = 'FailedJobsError';
}

/** By name, the errors that may pass by themselves, and what a later attempt waits for. */
const waitsFor: Readonly<Record<string, string>> = {
  UnavailableError: 'the API',
  RateLimitedError: "the API's rate limit",
  ClockError: 'the clocks to agree',
  OutageError: 'the database',
  LockError: 'a lock in the database',
  AlreadyRunningError: 'another run to end',
};

/**
 * What a later attempt of a failed run waits for: it may succeed although nobody changes anything.
 *
 * @param cause name of the error, as in `sync_runs.cause`
 * @returns the end of `waiting for …`; undefined for an error that doesn't pass by itself
 */
export function whatItWaitsFor(cause: string): string | undefined {
  return waitsFor[cause];
}
