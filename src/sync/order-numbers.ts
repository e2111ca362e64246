import type { OrderAnswer } from '../dashboard/order-answer.js';
import type { NumbersInDetails, OrderDetailResource } from '../dashboard/order-details.js';
import { readAssignmentOutcome } from './assignment-outcome.js';

/** What is known of an order before it is read by id. */
export interface OrderToRead {
  orderId: string;
  status: string | null;
  /** How many numbers the list says that it has. */
  listedCount: number | null;
  /** How many numbers the ledger has of it, where each has an outcome. */
  knownCount?: number;
}

/** A number of an order; outcome and error only where the order tells them for each. */
export interface OrderNumber {
  telephoneNumber: string;
  outcome?: 'ACCEPTED' | 'FAILED' | 'UNKNOWN' | undefined;
  errorCode?: string | undefined;
  errorDescription?: string | undefined;
}

/** The numbers that an answer tells. */
export interface ToldNumbers {
  numbers: OrderNumber[];
  /** Whether these are all: then others that were known before are none of the order's any more. */
  complete: boolean;
  /** What became of those that the answer does not name, though the order has them. */
  outcomeOfOthers: OrderNumber['outcome'];
  /** How many failed, where each has an outcome and all are named. */
  failed?: number;
  /** What does not add up, if anything. */
  doubt?: string;
  /** What else is odd; each completes a sentence that begins with the order. */
  remarks?: readonly string[];
}

/**
 * Whether the answer names fewer numbers than there are, so that the resource of the numbers has to be asked too. It happens
 * where an answer leaves them out, or cuts a long list short; as a rule one request tells all.
 */
export function lacksNumbers(resource: OrderDetailResource, answer: OrderAnswer, known: OrderToRead): boolean {
  if (resource.numbers?.own === undefined) return false;
  return (answer.numbers?.length ?? 0) < (answer.count ?? known.listedCount ?? 0);
}

/**
 * The numbers that an order really concerns, as its answer tells them.
 *
 * @param more what the resource of the numbers named, where it was asked
 */
export function numbersOf(
  resource: OrderDetailResource,
  answer: OrderAnswer,
  known: OrderToRead,
  more: readonly string[] = [],
): ToldNumbers {
  const status = (answer.status ?? known.status ?? '').toUpperCase();
  if (resource.numbers?.outcomes) return outcomesOf(resource.numbers, answer, status, known);
  const named = [...new Set([...(answer.numbers ?? []), ...more])];
  if (named.length === 0 && status === 'COMPLETE' && answer.requested.length > 0) {
    // A complete order was carried out for all that it asked for, save those that its errors name.
    const failed = new Set(answer.errors.flatMap(({ telephoneNumbers }) => telephoneNumbers));
    return told(answer.requested.filter((number) => !failed.has(number)));
  }
  if (resource.numbers?.own === undefined) return told(named, answer.numbers !== undefined);
  const expected = answer.count ?? known.listedCount ?? named.length;
  if (named.length === expected) return told(named);
  return {
    // Those that it lacks are none that it lost.
    ...told(named, named.length > expected),
    doubt: `${named.length} named, ${expected} counted`,
  };
}

function told(numbers: readonly string[], complete = true): ToldNumbers {
  return { numbers: numbers.map((telephoneNumber) => ({ telephoneNumber })), complete, outcomeOfOthers: undefined };
}

/** What an order did to each of its numbers. */
function outcomesOf(
  { failuresApart }: NumbersInDetails,
  answer: OrderAnswer,
  status: string,
  known: OrderToRead,
): ToldNumbers {
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
    ...(contradiction !== undefined && { doubt: contradiction }),
    ...(rest !== undefined && contradiction === undefined && allNumbers && { failed }),
  };
}
