import test from 'ava';
import { loadChunk } from '../../src/assignment/chunks.js';
import { awaitOrders } from '../../src/assignment/poll.js';
import { recordOutcome } from '../../src/assignment/record-outcome.js';
import { readAssignmentOrder } from '../../src/dashboard/number-assignments.js';
import { lockNumbers } from '../../src/database/advisory-locks.js';
import { inTransaction } from '../../src/database/transaction.js';
import { applyOrderEvents } from '../../src/sync/history/apply-order-events.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { impossibilities } from '../sync/support/history-model.js';
import { account } from '../sync/support/ledger.js';
import { until } from '../sync/support/moments.js';
import { openAssigning } from './support.js';

let server: TestServer;
test.before(async () => {
  server = await startPostgres();
});
test.after.always(() => server?.stop());

test("recording an outcome and a nightly run writing the same order don't deadlock", async (t) => {
  const assigning = await openAssigning(t, server, { sandbox: { assignmentPace: { reads: 1 } } });
  const { database, numbers } = assigning;
  const path = await assigning.write('numbers.csv', ['telephone_number', ...numbers.slice(0, 5)]);
  const { summary } = await assigning.assign(path, { wait: false });
  const chunk = await loadChunk(database.pool, summary.batch.batchId, 1);
  const [placed] = assigning.placed();
  const { client, signal } = assigning.context();
  const read = () => readAssignmentOrder(client, placed?.orderId ?? '', { account, signal, priority: 0 });
  await read();
  const order = await read();
  t.is(order.status, 'COMPLETE');

  const night = await database.pool.connect();
  await night.query('begin');
  await night.query(
    `insert into number_assignment_orders (account_id, order_id, action, status) values ($1, $2, 'ASSIGN', 'PROCESSING')`,
    [account, order.orderId],
  );
  const recording = recordOutcome(database, account, chunk, order);
  await until(async () => {
    const waiting = await assigning.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return waiting.length > 0 ? true : undefined;
  });
  // Every job does this after it writes its orders.
  await lockNumbers(night, account);
  await night.query('commit');
  night.release();
  t.deepEqual(await recording, []);
  t.deepEqual(
    await assigning.query(`select status from number_assignment_orders where order_id = '${order.orderId}'`),
    [{ status: 'COMPLETE' }],
  );
  const declared = await assigning.query(`select 1 from telephone_numbers where assignment_status = 'ASSIGNED'`);
  t.is(declared.length, 5);
});

test('concurrent outcomes of two batches for the same numbers combine correctly', async (t) => {
  const assigning = await openAssigning(t, server, { sandbox: { numbers: 400, assignmentPace: { reads: 1 } } });
  const { database, numbers } = assigning;
  const { client, signal } = assigning.context();
  const read = (orderId: string) => readAssignmentOrder(client, orderId, { account, signal, priority: 0 });
  for (let round = 0; round < 4; round += 1) {
    const placed = await Promise.all(
      (['ASSIGN', 'UNASSIGN'] as const).map(async (action, index) => {
        // Each in its own order, with only part of the numbers in both.
        const some = numbers.slice(index * 20).sort(() => (index === 0 ? 1 : -1));
        const path = await assigning.write(`${round}-${action}.csv`, ['telephone_number', ...some, '']);
        const { summary } = await assigning.assign(path, { action, wait: false, force: true, again: true });
        const { batchId } = summary.batch;
        const [row] = await assigning.query<{ order_id: string }>(
          `select order_id from assignment_orders where batch_id = ${batchId}`,
        );
        const orderId = row?.order_id ?? '';
        await read(orderId);
        return { chunk: await loadChunk(database.pool, batchId, 1), order: await read(orderId) };
      }),
    );
    await Promise.all(placed.map(({ chunk, order }) => recordOutcome(database, account, chunk, order)));
  }
  const orders = await assigning.query<{ order_id: string }>('select order_id from number_assignment_orders');
  t.is(orders.length, 8);
  // A full recomputation finds nothing to correct.
  const ids = orders.map(({ order_id }) => order_id);
  const written = await inTransaction(database, {}, (tx) => applyOrderEvents(tx, account, 'number_assignments', ids));
  t.is(written, 0);
  t.deepEqual(await impossibilities(assigning), []);
});

test("an outcome that can't be recorded ends the wait at once, even if the next poll is far off", async (t) => {
  const assigning = await openAssigning(t, server);
  const { numbers, query } = assigning;
  const path = await assigning.write('numbers.csv', ['telephone_number', ...numbers.slice(0, 5)]);
  const { summary } = await assigning.assign(path, { wait: false });
  const [placed] = assigning.placed();
  const order = { chunkNumber: 1, orderId: placed?.orderId ?? '', status: 'RECEIVED' };
  await query(`create function refuse() returns trigger language plpgsql as $$ begin raise 'the disk is full'; end $$`);
  await query('create trigger refuse before update on assignment_numbers for each row execute function refuse()');
  const hour = 3_600_000;
  const context = assigning.context({ timing: { listingDelayMs: 1, firstAgeMs: hour } });
  const waiting = awaitOrders(
    context,
    summary.batch.batchId,
    [
      { ...order, submittedAt: performance.now() - hour },
      { ...order, submittedAt: performance.now() },
    ],
    performance.now() + 2 * hour,
  );
  await t.throwsAsync(waiting, { message: 'the disk is full' });
});
