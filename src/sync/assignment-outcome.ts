import type { ApiErrorDetail } from '../dashboard/errors.js';

/** Why an order refused a number. */
export interface AssignmentFailure {
  /** Bandwidth's error code; undefined if there is none. */
  code: string | undefined;
  description: string;
}

/** The response of an order with an outcome per number, and what is known about its numbers. */
export interface AssignmentAnswer {
  /** `ProcessingStatus`, in any case. */
  status: string;
  totalQuantity: number | undefined;
  failedQuantity: number | undefined;
  errors: readonly ApiErrorDetail[];
  /**
   * `sent`: tn-ledger placed the order, and these are exactly its numbers. `named`: the numbers that the response lists, which may
   * be some or none of them; `knownBefore` is how many numbers earlier responses listed.
   */
  numbers: { sent: readonly string[] } | { named: readonly string[]; knownBefore: number };
  /** Orders of this kind may list failed numbers separately from the others. */
  failuresApart?: boolean;
}

/** The outcome of an order's numbers, according to its response. */
export interface AssignmentOutcome {
  /** The order's known numbers, each once. */
  numbers: readonly string[];
  /** Whether those are all of them. */
  allNumbers: boolean;
  /** The numbers that failed, each with the first reason given. */
  failures: ReadonlyMap<string, AssignmentFailure>;
  /** The outcome of all others, including those not in `numbers`; undefined while the order is open. */
  rest: 'ACCEPTED' | 'FAILED' | 'UNKNOWN' | undefined;
  /** Why the order failed as a whole. */
  restFailure: AssignmentFailure | undefined;
  /** Why `rest` is UNKNOWN. */
  contradiction: string | undefined;
  /** What is unusual about the response without changing an outcome. Each is a predicate whose subject is the order. */
  remarks: string[];
}

/**
 * Determines the outcome of the numbers of an assignment order, regardless of who placed it. A FAILED order accepted nothing,
 * whatever else the response says. A COMPLETE or PARTIAL order accepted the numbers that its errors don't list, if its counts
 * confirm that the errors list all failures. Otherwise the outcome of the unlisted numbers is UNKNOWN; they never count as
 * accepted. `FailedQuantity` may be missing (the payloads of seeds/000 and seeds/003).
 */
export function readAssignmentOutcome(answer: AssignmentAnswer): AssignmentOutcome {
  const status = answer.status.toUpperCase();
  const listed = listFailures(answer.errors);
  const general = answer.errors.find(({ telephoneNumbers }) => telephoneNumbers.length === 0);
  const given = 'sent' in answer.numbers ? answer.numbers.sent : answer.numbers.named;
  const own = new Set(given);
  const strangers = [...listed.keys()].filter((number) => !own.has(number));
  // A number in the errors belongs to the order, unless the numbers that were sent are known.
  const isSent = 'sent' in answer.numbers;
  const members = isSent ? own : new Set([...own, ...listed.keys()]);
  const count =
    'named' in answer.numbers && own.size === 0 ? Math.max(members.size, answer.numbers.knownBefore) : members.size;
  const facts: Facts = {
    ...answer,
    status,
    count,
    isSent,
    failed: isSent ? listed.size - strangers.length : listed.size,
    strangers: own.size === 0 || answer.failuresApart ? [] : strangers,
    general,
  };
  const result = {
    numbers: [...members],
    allNumbers: own.size > 0 && (isSent || (answer.totalQuantity ?? count) === count),
    failures: new Map([...listed].filter(([number]) => members.has(number))),
    restFailure: undefined,
    contradiction: undefined,
  };
  if (status === 'FAILED') {
    const restFailure = general && { code: general.code || undefined, description: general.description };
    return { ...result, rest: 'FAILED', restFailure, remarks: remarksOn(facts) };
  }
  if (status !== 'COMPLETE' && status !== 'PARTIAL') {
    return { ...result, failures: new Map(), rest: undefined, remarks: [] };
  }
  const contradiction = findContradiction(facts);
  const rest = contradiction === undefined ? 'ACCEPTED' : 'UNKNOWN';
  return { ...result, rest, contradiction, remarks: remarksOn(facts) };
}

interface Facts extends Omit<AssignmentAnswer, 'numbers'> {
  /** How many numbers of the order are known. */
  count: number;
  isSent: boolean;
  /** How many of them are listed as failed. */
  failed: number;
  /** Numbers that are listed as failed but were not sent, or are not listed in the order. */
  strangers: readonly string[];
  /** The first error that names no numbers. */
  general: ApiErrorDetail | undefined;
}

function findContradiction(facts: Facts): string | undefined {
  const { status, totalQuantity: total, failedQuantity, count, failed, strangers, general, isSent } = facts;
  if (total !== undefined && total !== count)
    return `${count} ${isSent ? 'sent' : 'listed'}, but the count is ${total}`;
  if (count === 0 && total === undefined) return 'no numbers listed';
  if (failedQuantity !== undefined && failedQuantity !== failed) {
    return `${failed} listed as failed, but the failed count is ${failedQuantity}`;
  }
  if (status === 'PARTIAL' && failed === 0) return 'some numbers failed, but none are listed';
  if (failedQuantity !== undefined) return undefined;
  if (general !== undefined) return 'an error without numbers, and no failed count';
  const isConfirmed = !isSent && total !== undefined;
  if (strangers.length > 0 && !isConfirmed) {
    return `${strangers.length} failed numbers that the order does not have, and no failed count`;
  }
  return undefined;
}

function remarksOn({ status, failed, strangers, isSent }: Facts): string[] {
  const remarks: string[] = [];
  if (isSent && strangers.length > 0) {
    remarks.push(`lists ${strangers.length} failed numbers that were not sent, the first ${strangers[0]}`);
  }
  if (status === 'COMPLETE' && failed > 0) {
    remarks.push(`is COMPLETE but lists ${failed} failed numbers, which count as failed`);
  }
  return remarks;
}

function listFailures(errors: readonly ApiErrorDetail[]): Map<string, AssignmentFailure> {
  const failures = new Map<string, AssignmentFailure>();
  for (const { code, description, telephoneNumbers } of errors) {
    for (const number of telephoneNumbers) {
      if (!failures.has(number)) failures.set(number, { code: code || undefined, description });
    }
  }
  return failures;
}
