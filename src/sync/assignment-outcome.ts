import type { ApiErrorDetail } from '../dashboard/errors.js';

/** Why an order refused a number. */
export interface AssignmentFailure {
  /** Bandwidth's code; undefined where it gives none. */
  code: string | undefined;
  description: string;
}

/** What there is to decide from: the answer of an order that has an outcome for each number, and what is known of its numbers. */
export interface AssignmentAnswer {
  /** `ProcessingStatus`, in any case. */
  status: string;
  totalQuantity: number | undefined;
  failedQuantity: number | undefined;
  errors: readonly ApiErrorDetail[];
  /**
   * `sent`: tn-ledger placed the order, and these are exactly its numbers. `named`: the numbers that the answer names, which may be
   * some or none of them; `knownBefore` is how many numbers earlier answers named.
   */
  numbers: { sent: readonly string[] } | { named: readonly string[]; knownBefore: number };
  /** Orders of this kind may leave failed numbers out of those that they name. */
  failuresApart?: boolean;
}

/** What an answer says of an order's numbers. */
export interface AssignmentOutcome {
  /** The order's numbers as far as they are known, each once. */
  numbers: readonly string[];
  /** Whether those are all of them. */
  allNumbers: boolean;
  /** Those of them that the order refused, each with the first reason given. */
  failures: ReadonlyMap<string, AssignmentFailure>;
  /** What became of all others, those not in `numbers` included; undefined while the order is open. */
  rest: 'ACCEPTED' | 'FAILED' | 'UNKNOWN' | undefined;
  /** Why the order failed as a whole. */
  restFailure: AssignmentFailure | undefined;
  /** Why `rest` is UNKNOWN. */
  contradiction: string | undefined;
  /** What is odd about the answer and changes no outcome; each completes a sentence that begins with the order. */
  remarks: string[];
}

/**
 * Decides what became of the numbers of an assignment order, whoever placed it. A FAILED order accepted nothing, whatever else it
 * says. A COMPLETE or PARTIAL one accepted the numbers that its errors do not list, if its counts confirm that they list all
 * failures; if not, nobody knows about the numbers that they do not list, and those are never taken for accepted. `FailedQuantity`
 * may be missing (the payloads of seeds/000 and seeds/003).
 */
export function readAssignmentOutcome(answer: AssignmentAnswer): AssignmentOutcome {
  const status = answer.status.toUpperCase();
  const listed = listFailures(answer.errors);
  const general = answer.errors.find(({ telephoneNumbers }) => telephoneNumbers.length === 0);
  const given = 'sent' in answer.numbers ? answer.numbers.sent : answer.numbers.named;
  const own = new Set(given);
  const strangers = [...listed.keys()].filter((number) => !own.has(number));
  // A number under the errors is one of the order's, unless it is known which ones were sent.
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
  /** How many numbers the order has, as far as they are known. */
  count: number;
  isSent: boolean;
  /** How many of them are listed as failed. */
  failed: number;
  /** Numbers that are listed as failed and not among those sent, or named. */
  strangers: readonly string[];
  /** The first error that names no numbers. */
  general: ApiErrorDetail | undefined;
}

function findContradiction(facts: Facts): string | undefined {
  const { status, totalQuantity: total, failedQuantity, count, failed, strangers, general, isSent } = facts;
  if (total !== undefined && total !== count) return `${count} ${isSent ? 'sent' : 'named'}, ${total} counted`;
  if (count === 0 && total === undefined) return 'no number named';
  if (failedQuantity !== undefined && failedQuantity !== failed) {
    return `${failed} named as failed, ${failedQuantity} counted`;
  }
  if (status === 'PARTIAL' && failed === 0) return 'some numbers failed, and none is named';
  if (failedQuantity !== undefined) return undefined;
  if (general !== undefined) return 'an error that names no numbers, and no count of those that failed';
  const isConfirmed = !isSent && total !== undefined;
  if (strangers.length > 0 && !isConfirmed) {
    return `${strangers.length} numbers named as failed that are not the order's, and no count of those that failed`;
  }
  return undefined;
}

function remarksOn({ status, failed, strangers, isSent }: Facts): string[] {
  const remarks: string[] = [];
  if (isSent && strangers.length > 0) {
    remarks.push(`lists ${strangers.length} failed numbers that it was not sent, the first ${strangers[0]}`);
  }
  if (status === 'COMPLETE' && failed > 0) {
    remarks.push(`is COMPLETE and lists ${failed} failed numbers; they count as failed`);
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
