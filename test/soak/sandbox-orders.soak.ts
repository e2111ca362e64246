import test from 'ava';
import { startSandbox } from '../../src/sandbox/server.js';
import { accountOf, always, listed } from '../sandbox/orders/support.js';

test('the history of a large account needs less than 300 MB, and its lists contain all of it', async (t) => {
  const before = process.memoryUsage().rss;
  const sandbox = await startSandbox({
    ...{ numbers: 100_000, orders: 30_000, disconnects: 8000, portins: 3000, portouts: 1000, assignments: 1500 },
  });
  t.teardown(() => sandbox.close());
  const account = accountOf(sandbox);
  const cpu = process.cpuUsage();
  t.true(account.disconnectedNumbers().length > 8000);
  const seconds = process.cpuUsage(cpu).user / 1e6;
  const megabytes = (process.memoryUsage().rss - before) / 1e6;
  t.log(`${seconds.toFixed(1)} s of CPU, ${megabytes.toFixed(0)} MB more`);
  t.true(megabytes < 300, `${megabytes} MB`);
  for (const [kind, count] of [
    ['orders', 30_000],
    ['disconnects', 8000],
    ['portouts', 1000],
  ] as const) {
    const { ids, total } = await listed(sandbox, kind, { ...always(kind), size: '1000' });
    t.is(total, count);
    t.is(new Set(ids).size, count);
  }
  t.is((await listed(sandbox, 'numbersAssignment', always('numbersAssignment'))).ids.length, 1000);
});
