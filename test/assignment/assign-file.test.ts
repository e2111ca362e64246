import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import { TooManyRejectsError } from '../../src/assignment/assign-file.js';
import { AlreadyRunningError, LedgerError, UsageError } from '../../src/errors.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account } from '../sync/support/ledger.js';
import { openAssigning, resultLines } from './support.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

test('every number is sent once, and every line gets its outcome in file order', async (t) => {
  const world = await openAssigning(t, t.context.server, { sandbox: { assignmentPace: { reads: 1 } } });
  const [a, b, c, d] = world.numbers as [string, string, string, string];
  world.sandbox.account(account).disconnect([c]);
  const path = await world.write('Büro 1.csv', [
    'name;tn',
    `x;+1 (${a.slice(0, 3)}) ${a.slice(3, 6)}-${a.slice(6)}`,
    `y;${b}`,
    `y;"${b.slice(0, 3)}.${b.slice(3, 6)}.${b.slice(6)}"`,
    '=cmd|x;911',
    `z;${c}`,
    'w;2025550123',
    `v;${d}`,
    'u;=HYPERLINK("x")',
  ]);
  const { summary, results, rejected } = await world.assign(path, { allowRejects: true });
  const [order, ...others] = world.placed();
  t.deepEqual(others, []);
  t.deepEqual(
    order?.numbers.map(({ telephoneNumber }) => telephoneNumber),
    [a, b, c, d],
  );
  t.is(order?.action, 'ASSIGN');
  const id = order?.orderId;
  const given = `+1 (${a.slice(0, 3)}) ${a.slice(3, 6)}-${a.slice(6)}`;
  t.deepEqual(await resultLines(results), [
    `2|'${given}|${a}|ACCEPTED|||${id}`,
    `3|${b}|${b}|ACCEPTED|||${id}`,
    `4|${b.slice(0, 3)}.${b.slice(3, 6)}.${b.slice(6)}|${b}|REJECTED|duplicate|same number as on line 3|`,
    '5|911||REJECTED|not-a-number|"911" has 3 digits; a telephone number has ten|',
    `6|${c}|${c}|FAILED|5076|Number does not belong to this account.|${id}`,
    "7|2025550123|2025550123|REJECTED|5076|not in the account's inventory|",
    `8|${d}|${d}|ACCEPTED|||${id}`,
    `9|'=HYPERLINK(""x"")||REJECTED|not-a-number|"=HYPERLINK(\\"x\\")" is a formula without a stored value: open the file in a spreadsheet program and save it|`.replaceAll(
      '""',
      '"',
    ),
  ]);
  t.deepEqual(
    (await resultLines(rejected)).map((line) => line.split('|')[0]),
    ['4', '5', '7', '9'],
  );
  const { total, rejected: rejectedCount, accepted, failed, orders, pending } = summary;
  t.deepEqual(
    { total, rejectedCount, accepted, failed, orders, pending },
    { total: 8, rejectedCount: 4, accepted: 3, failed: 1, orders: 1, pending: 0 },
  );
  t.deepEqual(await readdir(join(world.dataDir, 'outbox')), ['Büro 1.rejected.csv', 'Büro 1.results.csv']);
});

test('a final order is recorded as the nightly sync would write it', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const [a, b] = world.numbers as [string, string];
  world.sandbox.account(account).disconnect([b]);
  await world.assign(await world.write('numbers.csv', [a, b]));
  const [order] = world.placed();
  t.deepEqual(
    await world.query(
      'select order_id, customer_order_id, action, status, total_quantity, failed_quantity, order_date, details_status from number_assignment_orders',
    ),
    [
      {
        order_id: order?.orderId,
        customer_order_id: order?.customerOrderId,
        action: 'ASSIGN',
        status: 'PARTIAL',
        total_quantity: 2,
        failed_quantity: 1,
        order_date: order?.orderDate,
        details_status: 'PARTIAL',
      },
    ],
  );
  t.deepEqual(
    await world.query(
      'select telephone_number, outcome, error_code from number_assignment_order_numbers order by outcome',
    ),
    [
      { telephone_number: a, outcome: 'ACCEPTED', error_code: null },
      { telephone_number: b, outcome: 'FAILED', error_code: '5076' },
    ],
  );
});

test('accepted numbers have the new assignment status in the inventory and its history', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const [a, b] = world.numbers as [string, string];
  world.sandbox.account(account).disconnect([b], { aging: true });
  await world.assign(await world.write('numbers.csv', [a, b]));
  const [order] = world.placed();
  t.deepEqual(
    await world.query(
      'select telephone_number, assignment_status, order_id, valid_from, valid_to from number_assignment_history',
    ),
    [
      {
        telephone_number: a,
        assignment_status: 'ASSIGNED',
        order_id: order?.orderId,
        valid_from: order?.orderDate,
        valid_to: null,
      },
    ],
  );
  t.deepEqual(
    await world.query(
      'select telephone_number, assignment_status from telephone_numbers where assignment_status is not null',
    ),
    [{ telephone_number: a, assignment_status: 'ASSIGNED' }],
  );
  const second = await world.assign(await world.write('more.csv', [a, world.numbers[2] as string]));
  t.deepEqual([second.summary.skipped, second.summary.accepted], [1, 1]);
});

test('lines can name their action: each action gets its own orders, and conflicts are rejected', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const [a, b, c, d, e] = world.numbers as [string, string, string, string, string];
  const path = await world.write('numbers.csv', [
    'Action,Number',
    `unassign,${a}`,
    `ASSIGNED,${b}`,
    `assign,${c}`,
    `unassign,${c}`,
    `,${d}`,
    `perhaps,${e}`,
  ]);
  const { summary, results } = await world.assign(path, { allowRejects: true });
  t.deepEqual(
    world.placed().map(({ action, numbers }) => [action, numbers.map(({ telephoneNumber }) => telephoneNumber)]),
    [
      ['ASSIGN', [b, d]],
      ['UNASSIGN', [a]],
    ],
  );
  t.is(summary.batch.action, 'MIXED');
  t.deepEqual(
    (await resultLines(results)).map((line) => line.split('|').slice(3, 6).join('|')),
    [
      'ACCEPTED||',
      'ACCEPTED||',
      'REJECTED|both-actions|the file lists it with both actions',
      'REJECTED|both-actions|the file lists it with both actions',
      'ACCEPTED||',
      'REJECTED|no-action|"perhaps" isn\'t ASSIGN or UNASSIGN',
    ],
  );
  const none = await world.write('none.csv', [a]);
  await t.throwsAsync(world.assign(none, { action: undefined }), {
    instanceOf: UsageError,
    message: /no action was given/,
  });
});

test('numbers are checked against the inventory: missing, disconnected, or already marked', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const [a, b, c, d, e] = world.numbers as [string, string, string, string, string];
  await world.query(`update telephone_numbers set telephone_number = telephone_number,
       removed_at = case telephone_number when '${a}' then timestamptz '2026-02-03 04:05Z' end,
       status = case telephone_number when '${b}' then 'Aging' else status end,
       assignment_status = case telephone_number when '${c}' then 'ASSIGNED' when '${d}' then 'UNASSIGNED' end`);
  const path = await world.write('numbers.csv', [a, b, c, d, e]);
  const { results, summary } = await world.assign(path, { allowRejects: true });
  t.deepEqual(
    (await resultLines(results)).map((line) => line.split('|').slice(3, 6).join('|')),
    [
      'REJECTED|disconnected|disconnected on 2026-02-03',
      'REJECTED|disconnected|disconnected (status Aging)',
      'SKIPPED|already-declared|already marked ASSIGNED',
      'ACCEPTED||',
      'ACCEPTED||',
    ],
  );
  t.deepEqual([summary.skipped, summary.rejected, summary.accepted], [1, 2, 2]);
  // A number that was never marked isn't UNASSIGNED.
  const undeclared = await world.write('undeclared.csv', [e, c]);
  const unassigned = await world.assign(undeclared, { action: 'UNASSIGN' });
  t.deepEqual([unassigned.summary.skipped, unassigned.summary.accepted], [0, 2]);
  const forced = await world.assign(await world.write('forced.csv', [c, '']), { force: true });
  t.deepEqual([forced.summary.skipped, forced.summary.accepted], [0, 1]);
});

test('a file with more than a tenth of its lines rejected sends nothing and lists them', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const nine = world.numbers.slice(0, 9);
  const ten = await world.write('ten.csv', [...nine, '911']);
  t.is((await world.assign(ten)).summary.rejected, 1);
  world.requests();
  const eleven = await world.write('eleven.csv', [...world.numbers.slice(10, 18), '911', '912']);
  const error = await t.throwsAsync(world.assign(eleven), { instanceOf: TooManyRejectsError });
  t.regex(error?.message ?? '', /2 of 10 lines were rejected \(not-a-number 2\), more than a tenth\. Nothing was sent/);
  t.deepEqual(world.requests(), ['GET products']);
  t.is((await resultLines(join(world.dataDir, 'outbox', 'eleven.rejected.csv'))).length, 2);
  t.deepEqual(await world.query(`select file_name, status from assignment_batches order by batch_id`), [
    { file_name: 'ten.csv', status: 'finished' },
    { file_name: 'eleven.csv', status: 'rejected' },
  ]);
  t.deepEqual(await world.query('select distinct batch_id = 1 as first from assignment_numbers'), [{ first: true }]);
  t.is((await world.assign(eleven, { allowRejects: true })).summary.accepted, 8);
});

test('a dry run sends and keeps nothing, and reports what a run would report', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const path = await world.write('numbers.csv', [...world.numbers.slice(0, 20), '911']);
  const { summary, results, rejected, kind } = await world.assign(path, { dryRun: true });
  t.deepEqual([kind, results, summary.orders, summary.rejected, summary.pending], ['dry run', undefined, 1, 1, 20]);
  t.is((await resultLines(rejected)).length, 1);
  t.deepEqual(world.requests(), ['GET products']);
  for (const table of ['assignment_batches', 'assignment_orders', 'assignment_numbers']) {
    t.deepEqual(await world.query(`select * from ${table}`), []);
  }
});

test('a repeated file and action is only reported, even with --force; --again sends it', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const lines = world.numbers.slice(0, 3);
  const path = await world.write('numbers.csv', lines);
  const first = await world.assign(path);
  const before = await readFile(first.results ?? '', 'utf8');
  world.requests();
  const again = await world.assign(await world.write('renamed.csv', lines), { force: true });
  t.is(again.kind, 'reported');
  t.is(again.summary.batch.batchId, first.summary.batch.batchId);
  t.is(await readFile(again.results ?? '', 'utf8'), before);
  t.deepEqual(world.requests(), []);
  t.is((await world.assign(path, { action: 'UNASSIGN' })).kind, 'new');
  const anew = await world.assign(path, { again: true, customerOrderId: 'PO 17' });
  t.is(anew.kind, 'new');
  t.is(world.placed().length, 3);
  const ids = world.placed().map(({ customerOrderId = '' }) => customerOrderId);
  t.is(new Set(ids).size, 3);
  for (const id of ids) t.regex(id, /^[A-Za-z0-9 -]{1,40}$/);
  t.true(ids[2]?.startsWith('PO 17-'));
});

test('orders hold at most 5000 numbers, and failures are reported on their own lines', async (t) => {
  const world = await openAssigning(t, t.context.server, {
    sandbox: { numbers: 11_000, assignmentPace: { reads: 1 } },
  });
  const numbers = world.numbers.slice(0, 10_001);
  const gone = numbers.filter((_, index) => index % 20 === 7);
  world.sandbox.account(account).disconnect(gone.filter((_, index) => index % 2 === 0));
  world.sandbox.account(account).disconnect(
    gone.filter((_, index) => index % 2 === 1),
    { aging: true },
  );
  const path = await world.write('numbers.csv', numbers);
  const { summary, results } = await world.assign(path);
  t.deepEqual(
    world
      .placed()
      .map(({ numbers: sent }) => sent.length)
      .sort(),
    [1, 5000, 5000],
  );
  t.deepEqual(
    world
      .placed()
      .flatMap(({ numbers: sent }) => sent.map(({ telephoneNumber }) => telephoneNumber))
      .sort(),
    [...numbers].sort(),
  );
  t.deepEqual([summary.accepted, summary.failed], [9501, 500]);
  const expected = numbers.map((number, index) => {
    const code = index % 20 === 7 ? (Math.floor(index / 20) % 2 === 0 ? '5076' : '5131') : '';
    return `${index + 1}|${number}|${code === '' ? 'ACCEPTED' : 'FAILED'}|${code}`;
  });
  t.deepEqual(
    (await resultLines(results)).map((line) =>
      line
        .split('|')
        .filter((_, index) => [0, 2, 3, 4].includes(index))
        .join('|'),
    ),
    expected,
  );
  // One request places each order and one reads its final status; the first order may be polled too early.
  t.deepEqual(world.requests().filter((line) => line.startsWith('POST')).length, 3);
});

test('only the oldest order is polled repeatedly; the others are polled once', async (t) => {
  const world = await openAssigning(t, t.context.server, { sandbox: { numbers: 16_000, assignmentPace: { ms: 300 } } });
  const path = await world.write('numbers.csv', world.numbers.slice(0, 15_100));
  const { summary } = await world.assign(path, {}, { timing: { listingDelayMs: 1, firstAgeMs: 50 } });
  t.is(summary.orders, 4);
  t.is(summary.pending, 0);
  const polls = world.requests().filter((line) => line.startsWith('GET numbersAssignment/'));
  // Intervals that grow from 50 ms reach 300 ms by the sixth poll of the first order; the others take one poll each.
  t.true(polls.length <= 6 + 5, `${polls.length} questions about 4 orders`);
});

test("a batch that isn't awaited to the end stays open, and the next run resumes it", async (t) => {
  const world = await openAssigning(t, t.context.server, { sandbox: { assignmentPace: { reads: 3 } } });
  const path = await world.write('numbers.csv', world.numbers.slice(0, 3));
  const unawaited = await world.assign(path, { wait: false });
  t.deepEqual(
    [unawaited.summary.batch.status, unawaited.summary.ordersOpen, unawaited.summary.pending],
    ['open', 1, 3],
  );
  t.deepEqual(
    (await resultLines(unawaited.results)).map((line) => line.split('|')[3]),
    ['PENDING', 'PENDING', 'PENDING'],
  );
  const impatient = await world.assign(path, { timeoutMs: 0 });
  t.deepEqual([impatient.kind, impatient.summary.batch.status], ['resumed', 'open']);
  const patient = await world.assign(path);
  t.deepEqual([patient.summary.batch.status, patient.summary.accepted], ['finished', 3]);
  t.is(world.placed().length, 1);
});

test('an account without the feature sends nothing; an unreadable feature is a warning', async (t) => {
  const world = await openAssigning(t, t.context.server, { sandbox: { mayAssign: false } });
  const path = await world.write('numbers.csv', world.numbers.slice(0, 3));
  const error = await t.throwsAsync(world.assign(path), { instanceOf: LedgerError });
  t.regex(error?.message ?? '', /doesn't have the feature TN_ASSIGNMENT.*12752.*Nothing was sent/);
  t.deepEqual(world.requests(), ['GET products']);
  t.deepEqual(await world.query('select * from assignment_batches'), []);
});

test('a file is refused if the inventory was never loaded; an old inventory is a warning', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const path = await world.write('numbers.csv', world.numbers.slice(0, 3));
  await world.query(`update sync_runs set started_at = now() - interval '40 hours'`);
  t.is((await world.assign(path)).summary.accepted, 3);
  t.regex(world.warnings.join(), /inventory of account 9900000 is 40 hours old/);
  await world.query('delete from sync_runs');
  await t.throwsAsync(world.assign(path, { again: true }), {
    instanceOf: LedgerError,
    message: /inventory of account 9900000 isn't loaded yet/,
  });
  const refreshInventory = async () => void (await world.run('sync-inservice-numbers'));
  t.is((await world.assign(path, { again: true, force: true, refreshInventory })).summary.accepted, 3);
});

test('a batch that another process is submitting is left alone', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const path = await world.write('numbers.csv', world.numbers.slice(0, 3));
  let second: Promise<unknown> | undefined;
  world.proxy.onRequest = async ({ method }) => {
    if (method !== 'POST') return;
    second = world.assign(path);
    await t.throwsAsync(second, {
      instanceOf: AlreadyRunningError,
      message: /being submitted for account 9900000 by another process/,
    });
  };
  t.is((await world.assign(path)).summary.accepted, 3);
  t.truthy(second);
  t.is(world.placed().length, 1);
});

test('a file that changes while it is read is refused, and nothing of it is recorded', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const path = await world.write('numbers.csv', world.numbers.slice(0, 3));
  world.proxy.onRequest = async () => writeFile(path, world.numbers.slice(3, 6).join('\n'));
  await t.throwsAsync(world.assign(path), { instanceOf: UsageError, message: /changed while it was being read/ });
  t.deepEqual(await world.query('select * from assignment_batches'), []);
});
