import { LedgerError } from '../errors.js';

/** Rows of `telephone_numbers` that the comparison with a listing wrote. */
export interface AppliedChanges {
  inserted: number;
  updated: number;
  closed: number;
}

/** A listing was read and not applied. Its message leaves open what else the run wrote: see `withOutcome`. */
export class RefusedListingError extends LedgerError {
  override readonly name: string = 'RefusedListingError';
}

/** Whether anything was written. */
export function changedSomething(applied: AppliedChanges | undefined): applied is AppliedChanges {
  return applied !== undefined && applied.inserted + applied.updated + applied.closed > 0;
}

/** What a run that did not apply its listing wrote, as a sentence. `applied` is what the in-service list changed, where it was applied. */
export function describeOutcome(applied: AppliedChanges | undefined): string {
  if (!changedSomething(applied)) return 'Nothing was closed or changed.';
  const { inserted, updated, closed } = applied;
  const back = updated > 0 ? ` ${updated} back in service,` : '';
  return `The in-service list was applied: ${inserted} new ${inserted === 1 ? 'number' : 'numbers'},${back} ${closed} closed; details were not updated.`;
}

/** Adds to the error of a listing that was not applied what the run wrote; every other error stays as it is. */
export function withOutcome(error: unknown, applied?: AppliedChanges): unknown {
  if (!(error instanceof RefusedListingError)) return error;
  const { message, hint } = error;
  return new LedgerError(`${message} ${describeOutcome(applied)}`, {
    ...(hint !== undefined && { hint }),
    cause: error,
  });
}
