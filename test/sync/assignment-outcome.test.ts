import test from 'ava';
import type { ApiErrorDetail } from '../../src/dashboard/errors.js';
import { type AssignmentAnswer, readAssignmentOutcome } from '../../src/sync/assignment-outcome.js';

const numbers = ['9199918388', '4158714245', '4352154439', '4352154466'];
const [first = ''] = numbers;
const stranger = '2025550123';

const refused = (...telephoneNumbers: string[]): ApiErrorDetail => ({
  code: '5076',
  description: 'Not yours.',
  telephoneNumbers,
});

/** Responses of an order of four numbers, one of which failed. */
const errors: Record<string, ApiErrorDetail[]> = {
  listed: [refused(first)],
  none: [],
  foreign: [refused(stranger)],
  general: [refused()],
};
const failedQuantities: Record<string, number | undefined> = { right: 1, wrong: 2, missing: undefined, zero: 0 };
const totals: Record<string, number | undefined> = { right: 4, wrong: 3, missing: undefined };
/** How the order's numbers are known. */
const knowledge: Record<string, AssignmentAnswer['numbers']> = {
  sent: { sent: numbers },
  named: { named: numbers, knownBefore: 0 },
  before: { named: [], knownBefore: 4 },
  unknown: { named: [], knownBefore: 0 },
};

// Outcome of the unlisted numbers (A accepted, U unknown) by FailedQuantity: right, wrong, missing and 0.
const table = `
  status   total    errors   sent  named before unknown
  COMPLETE right    listed   AUAU  AUAU  AUAU   UUUU
  COMPLETE right    none     UUAA  UUAA  UUAA   UUUU
  COMPLETE right    foreign  UUUA  UUUU  AUAU   UUUU
  COMPLETE right    general  UUUA  UUUA  UUUA   UUUU
  COMPLETE missing  listed   AUAU  AUAU  AUAU   AUAU
  COMPLETE missing  none     UUAA  UUAA  UUAA   UUUU
  COMPLETE missing  foreign  UUUA  AUUU  AUAU   AUAU
  COMPLETE missing  general  UUUA  UUUA  UUUA   UUUU
  PARTIAL  right    listed   AUAU  AUAU  AUAU   UUUU
  PARTIAL  right    none     UUUU  UUUU  UUUU   UUUU
  PARTIAL  right    foreign  UUUU  UUUU  AUAU   UUUU
  PARTIAL  right    general  UUUU  UUUU  UUUU   UUUU
  PARTIAL  missing  listed   AUAU  AUAU  AUAU   AUAU
  PARTIAL  missing  none     UUUU  UUUU  UUUU   UUUU
  PARTIAL  missing  foreign  UUUU  AUUU  AUAU   AUAU
  PARTIAL  missing  general  UUUU  UUUU  UUUU   UUUU
`;

const [header = [], ...rows] = table
  .trim()
  .split('\n')
  .map((line) => line.trim().split(/\s+/));
const cases = new Map(
  rows.flatMap(([status, total, error, ...cells]) =>
    cells.flatMap((cell, column) =>
      Object.keys(failedQuantities).map((failed, index): [string, string] => [
        [status, total, failed, error, header[column + 3]].join(' '),
        { A: 'ACCEPTED', U: 'UNKNOWN' }[cell[index] ?? ''] ?? `no outcome ${cell}`,
      ]),
    ),
  ),
);

function expected(status: string, total: string, failed: string, error: string, known: string): string | undefined {
  if (status === 'FAILED') return 'FAILED';
  if (status !== 'COMPLETE' && status !== 'PARTIAL') return undefined;
  if (total === 'wrong') return 'UNKNOWN';
  return cases.get([status, total, failed, error, known].join(' ')) ?? 'not in the table';
}

for (const status of ['COMPLETE', 'PARTIAL', 'FAILED', 'PROCESSING']) {
  test(`the outcome of a ${status} order follows from its counts, its errors and its known numbers`, (t) => {
    for (const total of Object.keys(totals)) {
      for (const failed of Object.keys(failedQuantities)) {
        for (const error of Object.keys(errors)) {
          for (const known of Object.keys(knowledge)) {
            const outcome = readAssignmentOutcome({
              status,
              totalQuantity: totals[total],
              failedQuantity: failedQuantities[failed],
              errors: errors[error] as ApiErrorDetail[],
              numbers: knowledge[known] as AssignmentAnswer['numbers'],
            });
            const name = `total ${total}, failed ${failed}, errors ${error}, numbers ${known}`;
            t.is(outcome.rest, expected(status, total, failed, error, known) as typeof outcome.rest, name);
            t.is(outcome.contradiction !== undefined, outcome.rest === 'UNKNOWN', name);
            // Listed numbers failed in any case; an open order has no outcomes.
            const isListed = error === 'listed' && status !== 'PROCESSING';
            t.is(outcome.failures.get(first)?.code, isListed ? '5076' : undefined, name);
            if (known === 'sent') t.deepEqual(outcome.numbers, numbers, name);
          }
        }
      }
    }
  });
}

const order: AssignmentAnswer = {
  status: 'COMPLETE',
  totalQuantity: undefined,
  failedQuantity: undefined,
  errors: [],
  numbers: { sent: numbers },
};

test('a PARTIAL order with FailedQuantity 1 and no listed failures is UNKNOWN, whoever placed it', (t) => {
  const answer = { ...order, status: 'PARTIAL', totalQuantity: 4, failedQuantity: 1 };
  t.is(readAssignmentOutcome(answer).rest, 'UNKNOWN');
  t.is(readAssignmentOutcome({ ...answer, numbers: { named: numbers, knownBefore: 0 } }).rest, 'UNKNOWN');
});

test('a number listed as failed twice keeps the first reason, and statuses are case-insensitive', (t) => {
  const { failures, rest } = readAssignmentOutcome({
    ...order,
    status: 'partial',
    totalQuantity: 4,
    errors: [refused('9199918388'), { ...refused('4158714245', '9199918388'), code: '5131' }],
    numbers: { named: numbers, knownBefore: 0 },
  });
  t.is(rest, 'ACCEPTED');
  t.deepEqual(
    [...failures].map(([number, { code }]) => `${number} ${code}`),
    ['9199918388 5076', '4158714245 5131'],
  );
});

test('failed numbers missing from the list of numbers count toward the total', (t) => {
  const outcome = readAssignmentOutcome({
    ...order,
    status: 'PARTIAL',
    totalQuantity: 4,
    errors: [refused(first)],
    numbers: { named: numbers.slice(1), knownBefore: 0 },
  });
  t.is(outcome.rest, 'ACCEPTED');
  t.true(outcome.allNumbers);
  t.deepEqual([...outcome.numbers].sort(), [...numbers].sort());
});

test('in a FAILED order, numbers without a reason of their own get the order’s reason', (t) => {
  const general = { code: '12752', description: 'No.', telephoneNumbers: [] };
  const { failures, restFailure } = readAssignmentOutcome({
    ...order,
    status: 'FAILED',
    errors: [general, refused(first)],
  });
  t.is(failures.get(first)?.code, '5076');
  t.is(restFailure?.code, '12752');
});

test('failures in a COMPLETE order and failures of numbers that were not sent are reported', (t) => {
  const { remarks } = readAssignmentOutcome({ ...order, failedQuantity: 1, errors: [refused(first, stranger)] });
  t.is(remarks.length, 2);
  t.regex(remarks.join(), /2025550123.*is COMPLETE but lists 1 failed numbers/);
});

test('an order that lists fewer numbers than its count is not complete', (t) => {
  const short = { ...order, totalQuantity: 5, numbers: { named: numbers, knownBefore: 5 } };
  t.like(readAssignmentOutcome(short), {
    allNumbers: false,
    rest: 'UNKNOWN',
    contradiction: '4 listed, but the count is 5',
  });
});
