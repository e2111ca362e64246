import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import { cli, makeFolder } from '../end-to-end/support.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account, openLedger } from '../sync/support/ledger.js';
import { averageDuration, maxWithin } from '../sync/support/rate-limit.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

test('four processes of one account together never exceed its limit in 60 seconds, and use 90% of it', async (t) => {
  t.timeout(10 * 60_000);
  const limit = 150;
  const ledger = await openLedger(t, t.context.server, {
    sandbox: { numbers: 3000, orders: 160, disconnects: 120, assignmentPace: { ms: 1 } },
    pageSize: 25,
  });
  t.is((await ledger.run('sync-inservice-numbers')).result, 'succeeded');
  const numbers = await ledger.query<{ tn: string }>(
    'select telephone_number as tn from telephone_numbers where npa is not null',
  );
  const cwd = await makeFolder(t);
  await writeFile(join(cwd, 'numbers.csv'), ['telephone_number', ...numbers.map(({ tn }) => tn), ''].join('\n'));

  const before = ledger.sandbox.requests.length;
  const env = { ...ledger.env, BANDWIDTH_REQUESTS_PER_MINUTE: String(limit) };
  const commands = [
    ['run', 'sync-inservice-numbers'],
    ['run', 'sync-orders'],
    ['run', 'sync-disconnects'],
    ['assign', 'numbers.csv', '--action', 'ASSIGN', '--timeout', '10m'],
  ];
  const began = performance.now();
  await Promise.all(
    commands.map(async (args) => {
      const { status, output } = await cli(t, args, { env, cwd });
      t.is(status, 0, output);
      t.log(`${args.slice(0, 2).join(' ')} took ${((performance.now() - began) / 1000).toFixed(1)} s`);
    }),
  );
  const times = ledger.sandbox.requests
    .slice(before)
    .filter((request) => request.account === account)
    .map(({ at }) => at);
  const turn = averageDuration(times, limit);
  t.log(
    `${times.length} requests; at most ${maxWithin(times, 60_000)} in 60 s; ${limit} took ${(turn / 1000).toFixed(2)} s on average (${(6_000_000 / turn).toFixed(1)}%)`,
  );
  t.true(times.length > 2 * limit, `only ${times.length} requests`);
  t.true(maxWithin(times, 60_000) <= limit, `${maxWithin(times, 60_000)} requests in 60 s`);
  t.true(60_000 / turn >= 0.9);
});
