import type { ApiErrorDetail } from '../dashboard/errors.js';
import type { AssignmentOrder } from '../dashboard/number-assignments.js';
import { readNumber } from './number-form.js';

export interface Failure {
  /** Bandwidth's code; undefined where it gives none. */
  code: string | undefined;
  description: string;
}

/** What an order at its end says of its numbers. */
export interface Outcome {
  /** The numbers that it refused one by one. */
  failures: ReadonlyMap<string, Failure>;
  /** What became of all others. */
  rest: 'ACCEPTED' | 'FAILED' | 'UNKNOWN';
  /** Why, where they were not accepted. */
  restFailure: Failure | undefined;
  /** What in the answer does not add up, as sentences. */
  warnings: string[];
}

/**
 * Reads the end of an order: of a PARTIAL one the failed numbers are listed and all others accepted; of a FAILED one none is
 * accepted, whatever the answer leaves out. Where its counts don't add up, nobody knows about the numbers that it does not list.
 */
export function readOutcome(order: AssignmentOrder, telephoneNumbers: readonly string[]): Outcome {
  const { orderId, status, totalQuantity, failedQuantity } = order;
  const { failures, general, foreign } = listFailures(order.errors, new Set(telephoneNumbers));
  const warnings: string[] = [];
  if (foreign.length > 0) {
    warnings.push(
      `order ${orderId} lists ${foreign.length} failed numbers that it was not sent, the first ${foreign[0]}`,
    );
  }
  if (status === 'FAILED') {
    const restFailure = general ?? { code: undefined, description: `the order ${orderId} failed` };
    return { failures, rest: 'FAILED', restFailure, warnings };
  }
  const contradiction = findContradiction(order, telephoneNumbers.length, failures.size);
  if (contradiction === undefined) {
    if (status === 'COMPLETE' && failures.size > 0) {
      warnings.push(`order ${orderId} is COMPLETE and lists ${failures.size} failed numbers; they count as failed`);
    }
    return { failures, rest: 'ACCEPTED', restFailure: undefined, warnings };
  }
  const counts = `${status}, TotalQuantity ${totalQuantity ?? 'missing'}, FailedQuantity ${failedQuantity ?? 'missing'}, ${failures.size} failed numbers listed, ${telephoneNumbers.length} sent`;
  const description = `order ${orderId} does not add up: ${contradiction} (${counts})`;
  warnings.push(`${description}; what became of the numbers that it does not list is not known`);
  return { failures, rest: 'UNKNOWN', restFailure: { code: undefined, description }, warnings };
}

function findContradiction(order: AssignmentOrder, sent: number, listed: number): string | undefined {
  const { status, totalQuantity, failedQuantity } = order;
  if (totalQuantity !== undefined && totalQuantity !== sent) return 'it is not about as many numbers as it was sent';
  if (failedQuantity !== undefined && failedQuantity !== listed)
    return 'it does not list as many failures as it counts';
  if (status === 'PARTIAL' && listed === 0) return 'some numbers failed, and it lists none';
  return undefined;
}

function listFailures(
  errors: readonly ApiErrorDetail[],
  sent: ReadonlySet<string>,
): { failures: Map<string, Failure>; general: Failure | undefined; foreign: string[] } {
  const failures = new Map<string, Failure>();
  const foreign: string[] = [];
  let general: Failure | undefined;
  for (const { code, description, telephoneNumbers } of errors) {
    const failure = { code: code || undefined, description };
    if (telephoneNumbers.length === 0) general ??= failure;
    for (const text of telephoneNumbers) {
      const read = readNumber(text);
      const number = typeof read === 'string' ? read : text;
      if (!sent.has(number)) foreign.push(text);
      // A number that fails twice fails for the first reason given.
      else if (!failures.has(number)) failures.set(number, failure);
    }
  }
  return { failures, general, foreign };
}
