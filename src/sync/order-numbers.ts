import type { OrderAnswer } from '../dashboard/order-answer.js';
import type { NumbersInDetails, OrderDetailResource } from '../dashboard/resource.js';
import { readAssignmentOutcome } from './assignment-outcome.js';

/** What is known about an order before it is read by id. */
export interface OrderToRead {
  orderId: string;
  status: string | null;
  /** The number count in the list. */
  listedCount: number | null;
  /** How many of its numbers are stored. Only for orders with an outcome per number. */
  knownCount?: number;
}

/** A number of an order. Outcome and error are set only for orders with an outcome per number. */
export interface OrderNumber {
  telephoneNumber: string;
  outcome?: 'ACCEPTED' | 'FAILED' | 'UNKNOWN' | undefined;
  errorCode?: string | undefined;
  errorDescription?: string | undefined;
}

/** The numbers in an order's response. */
export interface ReportedNumbers {
  numbers: OrderNumber[];
  /** Whether these are all of them. If so, other numbers stored for the order are removed. */
  complete: boolean;
  /** The outcome of the order's numbers that the response doesn't list. */
  outcomeOfOthers: OrderNumber['outcome'];
  /** How many failed, if all are listed and have an outcome. */
  failed?: number;
  /** Why the response is inconsistent, if it is. */
  contradiction?: string;
  /** What else is unusual. Each is a predicate whose subject is the order. */
  remarks?: readonly string[];
}

/**
 * Whether the response lists fewer numbers than the order has, so that its numbers resource must be read too. Some responses
 * omit the numbers or truncate a long list. Usually one request returns all of them.
 */
export function lacksNumbers(resource: OrderDetailResource, answer: OrderAnswer, known: OrderToRead): boolean {
  if (resource.numbers?.own === undefined) return false;
  if (resource.numbers.ownRoot !== undefined) return true;
  return (answer.numbers?.length ?? 0) < (answer.count ?? known.listedCount ?? 0);
}

/**
 * Returns the numbers that an order affects, according to its response.
 *
 * @param more numbers from the numbers resource, if it was read; undefined if it has no list of numbers
 */
export function numbersOf(
  resource: OrderDetailResource,
  answer: OrderAnswer,
  known: OrderToRead,
  more: readonly string[] | undefined,
): ReportedNumbers {
  const reportedStatus = (answer.status ?? known.status ?? '').toUpperCase();
  const status = resource.statusMeans?.[reportedStatus] ?? reportedStatus;
  if (answer.isWithoutNumbers) return withoutOutcomes([]);
  if (resource.numbers?.outcomes) return outcomesOf(resource.numbers, answer, status, known);
  // A missing list isn't evidence that the order has no numbers.
  if (more === undefined) return withoutOutcomes([], false);
  const named = [...new Set([...(answer.numbers ?? []), ...more])];
  if (named.length === 0 && status === 'COMPLETE' && answer.requested.length > 0) {
    // A complete order was carried out for all requested numbers except those that its errors list.
    const failed = new Set(answer.errors.flatMap(({ telephoneNumbers }) => telephoneNumbers));
    return withoutOutcomes(answer.requested.filter((number) => !failed.has(number)));
  }
  if (resource.numbers?.own === undefined && answer.count === undefined) {
    return withoutOutcomes(named, answer.numbers !== undefined);
  }
  const expected = answer.count ?? known.listedCount ?? named.length;
  if (named.length === expected) return withoutOutcomes(named);
  return {
    // Missing numbers were omitted, not removed from the order.
    ...withoutOutcomes(named, named.length > expected),
    contradiction: `${named.length} listed, but the count is ${expected}`,
  };
}

function withoutOutcomes(numbers: readonly string[], complete = true): ReportedNumbers {
  return { numbers: numbers.map((telephoneNumber) => ({ telephoneNumber })), complete, outcomeOfOthers: undefined };
}

/** The outcome of each number of an order. */
function outcomesOf(
  { failuresApart }: NumbersInDetails,
  answer: OrderAnswer,
  status: string,
  known: OrderToRead,
): ReportedNumbers {
  const { numbers, allNumbers, failures, rest, restFailure, contradiction, remarks } = readAssignmentOutcome({
    status,
    totalQuantity: answer.count,
    failedQuantity: answer.failedCount,
    errors: answer.errors,
    numbers: { named: answer.numbers ?? [], knownBefore: known.knownCount ?? 0 },
    ...(failuresApart && { failuresApart }),
  });
  const failed = rest === 'FAILED' ? numbers.length : failures.size;
  return {
    numbers: numbers.map((telephoneNumber): OrderNumber => {
      const failure = failures.get(telephoneNumber);
      const reason = failure ?? restFailure;
      return {
        telephoneNumber,
        outcome: failure === undefined ? rest : 'FAILED',
        errorCode: reason?.code,
        errorDescription: reason?.description || undefined,
      };
    }),
    complete: allNumbers,
    outcomeOfOthers: rest,
    remarks,
    ...(contradiction !== undefined && { contradiction }),
    ...(rest !== undefined && contradiction === undefined && allNumbers && { failed }),
  };
}
