import { LedgerError } from '../errors.js';

/** Rows of `telephone_numbers` written by the comparison with a listing. */
export interface AppliedChanges {
  inserted: number;
  updated: number;
  closed: number;
}

/** A listing was read but not applied. `withOutcome` adds to the message what else the run wrote. */
export class RefusedListingError extends LedgerError {
  override readonly name: string = 'RefusedListingError';
}

/** Whether anything was written. */
export function changedSomething(applied: AppliedChanges | undefined): applied is AppliedChanges {
  return applied !== undefined && applied.inserted + applied.updated + applied.closed > 0;
}

/** Describes in a sentence what a run wrote that did not apply its listing. `applied`: changes by the in-service list, if it was applied. */
export function describeOutcome(applied: AppliedChanges | undefined): string {
  if (!changedSomething(applied)) return 'Nothing was closed or changed.';
  const { inserted, updated, closed } = applied;
  const back = updated > 0 ? ` ${updated} back in service,` : '';
  return `The in-service list was applied: ${inserted} new ${inserted === 1 ? 'number' : 'numbers'},${back} ${closed} closed; details were not updated.`;
}

/** Adds what the run wrote to the error of a listing that was not applied. Returns any other error unchanged. */
export function withOutcome(error: unknown, applied?: AppliedChanges): unknown {
  if (!(error instanceof RefusedListingError)) return error;
  const { message, hint } = error;
  return new LedgerError(`${message} ${describeOutcome(applied)}`, {
    ...(hint !== undefined && { hint }),
    cause: error,
  });
}
