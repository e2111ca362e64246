import { readFile } from 'node:fs/promises';
import anyTest, { type TestFn } from 'ava';
import { PlanRefusedError, pruneProblem } from '../../src/assignment/max-change.js';
import { TooManyRejectsError } from '../../src/assignment/too-many-rejects.js';
import { UnusableFileError } from '../../src/number-file/unusable-file.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account } from '../sync/support/ledger.js';
import { countsOf, openReconciling, ordersOf } from './reconcile-support.js';
import { openAssigning, resultLines } from './support.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

test('a plan has a group and a reason for every line, and for every number that is not in the file', async (t) => {
  const world = await openReconciling(t, t.context.server);
  const held = world.sandbox.account(account);
  const [imported] = held.placeImport({ numbers: 1, done: true }).numbers.map(({ telephoneNumber }) => telephoneNumber);
  const n = world.numbers;
  const [right, extra, wanted, gone, aging, admin, reserved, kept, ownOrder, otherOrder, hosted] = n as string[];
  held.disconnect([gone as string]);
  held.disconnect([aging as string], { aging: true });
  for (const job of ['sync-inservice-numbers', 'sync-number-details', 'sync-disconnects', 'sync-imported-numbers'])
    t.is((await world.run(job)).result, 'succeeded');
  await world.assign(await world.write('before.csv', [right, extra, kept] as string[]));
  await world.query(
    `insert into number_categories (account_id, telephone_number, category, valid_from, valid_to) values
       ($1, $2, 'administrative', now() - interval '1 day', null),
       ($1, $3, 'reserved', now() - interval '1 day', date_trunc('day', now()) + interval '5 days'),
       ($1, $4, 'intermediate', now() - interval '1 day', null),
       ($1, $5, 'administrative', now() - interval '5 days', now() - interval '1 day')`,
    [account, admin, reserved, kept, wanted],
  );
  await world.query(`update telephone_numbers set owner_account_id = '9900001' where telephone_number = $1`, [hosted]);
  await world.query(
    `insert into telephone_numbers (account_id, telephone_number, status) values ('9900002', '2125550100', 'Inservice')`,
  );
  await world.query(
    `insert into number_assignment_orders (account_id, order_id, action, status, total_quantity) values ($1, 'other', 'ASSIGN', 'PROCESSING', 2)`,
    [account],
  );
  await world.query(
    `insert into number_assignment_order_numbers (account_id, order_id, telephone_number) values ($1, 'other', $2)`,
    [account, otherOrder],
  );
  await world.assign(await world.write('own.csv', [ownOrder as string]));
  // As the batch is while nobody knows whether its order was placed.
  await world.query(
    `with batch as (update assignment_batches set status = 'open' where file_name = 'own.csv' returning batch_id),
          orders as (update assignment_orders o set status = 'unknown', order_id = null, finished_at = null from batch b where o.batch_id = b.batch_id)
     update assignment_numbers n set outcome = null from batch b where n.batch_id = b.batch_id`,
  );

  const lines = [right, wanted, gone, aging, admin, reserved, ownOrder, otherOrder, hosted, imported, '2125550100'];
  const path = await world.write('customers.csv', [...lines, '2125550101', wanted, '911', ' '] as string[]);
  const rows: string[] = [];
  const { plan, refusal } = await world.plan(path, {
    async onRows(pieces) {
      for await (const piece of pieces) rows.push(...piece.map((row) => row.map((cell) => cell ?? '').join('|')));
    },
  });
  t.true(refusal instanceof TooManyRejectsError);
  const order = (
    await world.query<{ batch_id: string }>(`select max(batch_id) as batch_id from assignment_batches`)
  )[0];
  const inFile = rows.filter((row) => row.split('|')[1] !== '');
  const day = new Date(Date.now() + 4 * 86_400_000).toISOString().slice(0, 10);
  const today = new Date().toISOString().slice(0, 10);
  t.deepEqual(
    inFile.map((row) => row.replace(today, 'TODAY')),
    [
      `right|1|${right}|${right}||`,
      `assign|2|${wanted}|${wanted}||`,
      `not assignable|3|${gone}|${gone}|disconnected|disconnected on TODAY`,
      `not assignable|4|${aging}|${aging}|disconnected|disconnected (status Aging)`,
      `classified|5|${admin}|${admin}|classified|classified as administrative`,
      `assign|6|${reserved}|${reserved}||classified as reserved until ${day}`,
      `pending|7|${ownOrder}|${ownOrder}|pending|ASSIGN order 1 of batch ${order?.batch_id} has an unknown outcome`,
      `pending|8|${otherOrder}|${otherOrder}|pending|ASSIGN order other is in progress`,
      `not assignable|9|${hosted}|${hosted}|5130|hosted: account 9900001 provides its voice service; Bandwidth refuses to assign it here (5130)`,
      `not assignable|10|${imported}|${imported}|5130|imported from another carrier; Bandwidth refuses to assign it (5130)`,
      "not assignable|11|2125550100|2125550100|5076|not in the account's inventory; account 9900002 has it",
      "not assignable|12|2125550101|2125550101|5076|not in the account's inventory",
      `rejected|13|${wanted}|${wanted}|duplicate|same number as on line 2`,
      'rejected|14|911||not-a-number|"911" has 3 digits; a telephone number has ten',
    ],
  );
  const counts = countsOf({ plan });
  t.deepEqual(
    { ...counts, 'not in the file': undefined },
    {
      ...{ assign: 2, 'assigned, not in the file': 1, pending: 2, classified: 2, 'not assignable': 6, rejected: 2 },
      ...{ right: 1, 'not in the file': undefined },
    },
  );
  t.true(rows.includes(`assigned, not in the file||${extra}|${extra}||`));
  t.true(rows.includes(`classified||${kept}|${kept}|classified|classified as intermediate`));
  t.is(rows.length, inFile.length + (counts['not in the file'] ?? 0) + 2);
  t.regex(
    world.warnings.at(-1) ?? '',
    /^1 assignment order is in progress .+ the ledger doesn't know all of its numbers/,
  );
  t.is(countsOf(await world.plan(path, { prune: true })).unassign, 1);
});

test('applying a plan assigns and unassigns in batches of their own, and a second plan is empty', async (t) => {
  const world = await openReconciling(t, t.context.server);
  const [a, b, c, d, e] = world.numbers as [string, string, string, string, string];
  await world.assign(await world.write('before.csv', [c, d, e]));
  world.requests();
  const path = await world.write('customers.csv', ['customer,tn', `ACME,${b}`, `ACME,${a}`, `ACME,${c}`, 'ACME,911']);
  const options = { prune: true, allowRejects: true, maxChange: { percent: 100 } };
  const { results, plan } = await world.reconcile(path, options);
  t.deepEqual(plan?.counts, {
    ...{ lines: 4, toAssign: 2, toUnassign: 2, rejected: 1, unreadable: 1, right: 1 },
    ...{ assignable: world.numbers.length, assigned: 3 },
  });
  t.deepEqual(ordersOf(world).slice(1), [
    ['ASSIGN', b, a],
    ['UNASSIGN', ...[d, e].sort()],
  ]);
  const [main, part] = results;
  t.like(main?.summary, { total: 4, rejected: 1, skipped: 1, accepted: 2, pending: 0 });
  t.like(part?.summary, { total: 2, rejected: 0, skipped: 0, accepted: 2 });
  t.deepEqual(
    (await resultLines(main?.results)).map((line) => line.replace(/\|[\w-]{20,}$/, '|ORDER')),
    [
      `2|${b}|${b}|ACCEPTED|||ORDER`,
      `3|${a}|${a}|ACCEPTED|||ORDER`,
      '5|911||REJECTED|not-a-number|"911" has 3 digits; a telephone number has ten|',
    ],
  );
  t.regex(part?.results ?? '', /\/customers\.unassigned\.results\.csv$/);
  t.deepEqual(
    (await resultLines(part?.results)).map((line) => line.split('|').slice(0, 4).join('|')),
    [d, e].sort().map((tn, index) => `${index + 1}|${tn}|${tn}|ACCEPTED`),
  );
  t.deepEqual(
    await world.query(
      `select action, purpose, file_name, status, total_count, accepted_count, rejected_count, skipped_count, unchanged_count,
              part_of is not null as is_part, reported_at is not null as is_reported
         from assignment_batches where purpose = 'reconcile' order by batch_id`,
    ),
    [
      {
        ...{ action: 'ASSIGN', purpose: 'reconcile', file_name: 'customers.csv', status: 'finished', total_count: 4 },
        ...{ accepted_count: 2, rejected_count: 1, skipped_count: 1, unchanged_count: 1 },
        ...{ is_part: false, is_reported: true },
      },
      {
        ...{ action: 'UNASSIGN', purpose: 'reconcile', file_name: 'customers.csv', status: 'finished', total_count: 2 },
        ...{ accepted_count: 2, rejected_count: 0, skipped_count: 0, unchanged_count: 0 },
        ...{ is_part: true, is_reported: true },
      },
    ],
  );
  const after = await world.plan(path, options);
  t.like(after.plan.counts, { toAssign: 0, toUnassign: 0 });
  t.is(countsOf(after).right, 3);

  // The same file is compared anew, not resumed.
  await world.assign(await world.write('undo.csv', [a]), { action: 'UNASSIGN' });
  await world.reconcile(path, options);
  t.deepEqual(ordersOf(world).at(-1), ['ASSIGN', a]);
  // assign doesn't take the batch for one of its own.
  const assigned = await world.assign(path, { allowRejects: true });
  t.is(assigned.kind, 'new');
});

test('orders in progress are left alone by other files, and resumed by the same file', async (t) => {
  const world = await openReconciling(t, t.context.server, { sandbox: { assignmentPace: { reads: 3 } } });
  const [a, b] = world.numbers as [string, string];
  const path = await world.write('customers.csv', [a]);
  const first = await world.reconcile(path, { wait: false });
  t.is(first.results[0]?.kind, 'new');
  t.is(first.results[0]?.summary.pending, 1);
  const plan = await world.plan(path);
  t.deepEqual(
    plan.resumes.map(({ batchId }) => batchId),
    [first.results[0]?.summary.batch.batchId],
  );
  t.deepEqual({ ...countsOf(plan), 'not in the file': 0 }, { pending: 1, 'not in the file': 0 });
  const more = await world.reconcile(await world.write('more.csv', [a, b]));
  t.like(more.results[0]?.summary, { accepted: 1, skipped: 1 });
  const again = await world.reconcile(path);
  t.is(again.plan, undefined);
  t.is(again.results[0]?.kind, 'resumed');
  t.is(again.results[0]?.summary.accepted, 1);
  t.deepEqual(ordersOf(world), [
    ['ASSIGN', a],
    ['ASSIGN', b],
  ]);
  t.is((await world.reconcile(path)).plan?.counts.toAssign, 0);
});

test('a plan that changes more than --max-change is refused, except the first one of an account', async (t) => {
  const world = await openReconciling(t, t.context.server);
  const numbers = world.numbers.slice(0, 100);
  const all = await world.write('all.csv', numbers);
  await t.throwsAsync(world.reconcile(all, { maxChange: { numbers: 99 } }), {
    instanceOf: PlanRefusedError,
    message: 'The plan changes 100 numbers, more than 99 (--max-change). Nothing was sent.',
  });
  t.is((await world.reconcile(all)).results[0]?.summary.accepted, 100);

  const half = await world.write('half.csv', numbers.slice(0, 50));
  t.is((await world.plan(half)).refusal, undefined);
  const refused = await t.throwsAsync<PlanRefusedError>(world.reconcile(half, { prune: true }), {
    instanceOf: PlanRefusedError,
    message:
      'The plan marks 50 of 100 ASSIGNED numbers UNASSIGNED (50%), more than 10% (--max-change). Nothing was sent.',
  });
  t.is(
    refused.hint,
    'Check that the file is complete and belongs to the account. If the plan is right, apply it with --max-change 50%.',
  );
  const twice = await world.write('twice.csv', world.numbers.slice(0, 200));
  await t.throwsAsync(world.reconcile(twice), {
    message: new RegExp(`^The plan changes 100 of the ${world.numbers.length} numbers that the account can assign`),
  });
  t.is(ordersOf(world).length, 1);
  t.deepEqual(
    await world.query(
      `select file_name, purpose, replaced_by is not null as is_replaced from assignment_batches where status = 'rejected' order by batch_id`,
    ),
    [
      { file_name: 'all.csv', purpose: 'reconcile', is_replaced: true },
      { file_name: 'half.csv', purpose: 'reconcile', is_replaced: false },
      { file_name: 'twice.csv', purpose: 'reconcile', is_replaced: false },
    ],
  );
  t.is((await world.reconcile(half, { prune: true, maxChange: { percent: 50 } })).results.length, 2);
});

test('numbers are not marked UNASSIGNED while a line of the file has no readable number', async (t) => {
  const world = await openReconciling(t, t.context.server);
  const numbers = world.numbers.slice(0, 20);
  await world.reconcile(await world.write('all.csv', numbers));
  const path = await world.write('next.csv', [...numbers.slice(0, 19), '9.19991E+09']);
  await t.throwsAsync(world.reconcile(path, { prune: true }), {
    instanceOf: PlanRefusedError,
    message:
      '1 line has no readable number, so it may be among the 1 number that --prune would mark UNASSIGNED. Nothing was sent.',
  });
  t.is((await world.reconcile(path)).results.length, 1);
  t.is((await world.reconcile(path, { prune: true, allowRejects: true })).results.length, 2);
});

test('a file with a column "action" is refused, and so is a ledger that was never synced', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const { reconcileFile } = await import('../../src/assignment/reconcile-file.js');
  const options = { prune: false, wait: true, timeoutMs: 1000, files: { results: '', rejected: '' } };
  const actions = await world.write('actions.csv', ['tn,action', `${world.numbers[0]},UNASSIGN`]);
  await t.throwsAsync(reconcileFile(world.context(), actions, options), {
    instanceOf: UnusableFileError,
    message: /has a column "action", so it isn't a list of numbers in use/,
  });
  const list = await world.write('list.csv', world.numbers.slice(0, 2));
  await t.throwsAsync(reconcileFile(world.context(), list, options), {
    message:
      "The ledger doesn't have the assignment orders of account 9900000 yet, so the file can't be compared with it. Nothing was sent.",
  });
  await world.query(`delete from sync_runs`);
  await t.throwsAsync(reconcileFile(world.context(), list, options), { message: /doesn't have the inventory/ });
  t.deepEqual(ordersOf(world), []);
});

test('a range in a list of numbers in use stands for each of its numbers', async (t) => {
  const world = await openReconciling(t, t.context.server);
  const [first = ''] = world.numbers;
  const inRange = world.numbers.filter((number) => number.startsWith(first.slice(0, 8)));
  const range = `${first.slice(0, 3)}-${first.slice(3, 6)}-${first.slice(6, 8)}XX`;
  const path = await world.write('ranges.csv', ['Customer,DID List', `Example Corp,${range}`]);
  const options = { allowRejects: true };
  const { plan } = await world.plan(path, options);
  t.is(plan.counts.toAssign, inRange.length);
  t.is(plan.counts.lines, 100);
  await world.reconcile(path, options);
  t.deepEqual(ordersOf(world), [['ASSIGN', ...inRange]]);
  const results = (await readFile(`${world.dataDir}/outbox/ranges.results.csv`, 'utf8')).trimEnd().split(/\r?\n/);
  t.is(results.length, 101);
  t.regex(results[0] ?? '', /Customer,DID List,telephone_number,outcome,/);
  t.true(results.some((line) => line.startsWith(`Example Corp,${range},${first},ACCEPTED,`)));
  t.is((await world.plan(path, options)).plan.counts.toAssign, 0);
});

test('a file without anything to send is a new reconciliation, whose rejected lines count', async (t) => {
  const world = await openReconciling(t, t.context.server);
  const [a] = world.numbers as [string];
  const path = await world.write('list.csv', [a, 'not a number']);
  await world.assign(await world.write('before.csv', [a]));
  const { results } = await world.reconcile(path, { allowRejects: true });
  t.like(results[0], { kind: 'new' });
  t.is(results[0]?.summary.rejected, 1);
});

test('numbers are not pruned if a sheet with numbers was not read', (t) => {
  const counts = {
    lines: 1,
    toAssign: 0,
    toUnassign: 2,
    rejected: 0,
    unreadable: 0,
    right: 1,
    assignable: 100,
    assigned: 50,
  };
  t.is(pruneProblem(counts, undefined), undefined);
  t.regex(
    pruneProblem(counts, 'a.xlsx: sheets that have numbers were not read')?.message ?? '',
    /were not read\. Such numbers may be among the 2 numbers/,
  );
});
