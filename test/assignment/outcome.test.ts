import test from 'ava';
import { readOutcome } from '../../src/assignment/outcome.js';
import type { ApiErrorDetail } from '../../src/dashboard/errors.js';
import type { AssignmentOrder } from '../../src/dashboard/number-assignments.js';

const numbers = ['9199918388', '4158714245', '4352154439', '4352154466'];
const foreign = (...telephoneNumbers: string[]): ApiErrorDetail => ({
  code: '5076',
  description: 'Not yours.',
  telephoneNumbers,
});

function outcomeOf(order: Partial<AssignmentOrder>): string[] {
  const whole: AssignmentOrder = {
    orderId: 'o1',
    customerOrderId: undefined,
    action: 'ASSIGN',
    status: 'COMPLETE',
    totalQuantity: undefined,
    failedQuantity: undefined,
    createdAt: undefined,
    userId: undefined,
    telephoneNumbers: numbers,
    errors: [],
    ...order,
  };
  const { failures, rest, restFailure, warnings } = readOutcome(whole, numbers);
  const listed = [...failures].map(([number, { code }]) => `${number} ${code}`);
  return [
    ...listed,
    `rest ${rest}${restFailure?.code === undefined ? '' : ` ${restFailure.code}`}`,
    `${warnings.length} warnings`,
  ];
}

const cases: [string, Partial<AssignmentOrder>, string[]][] = [
  ['of a COMPLETE order all are accepted', { totalQuantity: 4, failedQuantity: 0 }, ['rest ACCEPTED', '0 warnings']],
  ['of a COMPLETE order without counts too', {}, ['rest ACCEPTED', '0 warnings']],
  [
    'of a PARTIAL order the listed ones failed, and all others are accepted',
    { status: 'PARTIAL', totalQuantity: 4, failedQuantity: 1, errors: [foreign('9199918388')] },
    ['9199918388 5076', 'rest ACCEPTED', '0 warnings'],
  ],
  [
    'of a PARTIAL order without a FailedQuantity too',
    { status: 'PARTIAL', errors: [foreign('+19199918388'), { ...foreign('4158714245', '9199918388'), code: '5131' }] },
    ['9199918388 5076', '4158714245 5131', 'rest ACCEPTED', '0 warnings'],
  ],
  [
    'of a PARTIAL order that lists fewer failures than it counts, nothing is known of the others',
    { status: 'PARTIAL', failedQuantity: 2, errors: [foreign('9199918388')] },
    ['9199918388 5076', 'rest UNKNOWN', '1 warnings'],
  ],
  ['of a PARTIAL order that lists none, nothing is known', { status: 'PARTIAL' }, ['rest UNKNOWN', '1 warnings']],
  ['of a COMPLETE order that counts failures, nothing is known', { failedQuantity: 3 }, ['rest UNKNOWN', '1 warnings']],
  [
    'of an order about another number of numbers, nothing is known',
    { totalQuantity: 3 },
    ['rest UNKNOWN', '1 warnings'],
  ],
  [
    'of a COMPLETE order that lists failures, those failed',
    { errors: [foreign('4352154466')] },
    ['4352154466 5076', 'rest ACCEPTED', '1 warnings'],
  ],
  [
    'of a FAILED order none is accepted, whatever it leaves out',
    { status: 'FAILED', failedQuantity: 0 },
    ['rest FAILED', '0 warnings'],
  ],
  [
    'of a FAILED order each fails for its own reason, the others for the order’s',
    { status: 'FAILED', errors: [{ code: '12752', description: 'No.', telephoneNumbers: [] }, foreign('9199918388')] },
    ['9199918388 5076', 'rest FAILED 12752', '0 warnings'],
  ],
  [
    'failures of numbers that were not sent are told',
    { status: 'PARTIAL', failedQuantity: 1, errors: [foreign('9199918388', '2025550123')] },
    ['9199918388 5076', 'rest ACCEPTED', '1 warnings'],
  ],
];

for (const [title, order, expected] of cases) {
  test(title, (t) => {
    t.deepEqual(outcomeOf(order), expected);
  });
}
