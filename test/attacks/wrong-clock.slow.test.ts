import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import { startSandbox } from '../../src/sandbox/server.js';
import { cli, makeDatabase, makeFolder, settingsOf, startProxy } from '../end-to-end/support.js';
import { startPostgres, type TestServer } from '../support/postgres.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const hour = 3_600_000;

for (const [difference, words] of [
  [5 * 24 * hour, /clock is (5 d 0|4 d 23) h behind the API's/],
  [-5 * 24 * hour, /clock is (5 d 0|4 d 23) h ahead of the API's/],
] as const) {
  test(`a run with a clock ${-difference / hour} hours ahead starts no job and moves no watermark`, async (t) => {
    const sandbox = await startSandbox({ numbers: 50 });
    t.teardown(() => sandbox.close());
    const database = await makeDatabase(t, t.context.server);
    const date = new Date(Date.now() + difference).toUTCString();
    const origin = await startProxy(t, sandbox, () => undefined, { date });
    const env = settingsOf(sandbox, database.url, origin);
    const failed = await cli(t, ['run', 'sync-orders', 'sync-inservice-numbers'], { env });
    t.is(failed.status, 1, failed.output);
    t.regex(failed.output, words);
    t.regex(failed.output, /No job was started, and nothing was read or sent\.\n.*TN_LEDGER_MAX_CLOCK_DIFFERENCE/);
    const file = join(await makeFolder(t), 'numbers.csv');
    const [number] = [...sandbox.account(sandbox.accountIds[0] as string).numbers()];
    await writeFile(file, `telephone_number\n${number?.telephoneNumber}\n`);
    const unsent = await cli(t, ['assign', file, '--action', 'ASSIGN'], { env });
    t.is(unsent.status, 1, unsent.output);
    t.regex(unsent.output, words);
    t.deepEqual(
      new Set(sandbox.requests.map(({ path }) => path.replace(/.*\/api\//, ''))),
      new Set(['v1/oauth2/token', `accounts/${sandbox.accountIds[0]}`]),
    );
    for (const table of ['sync_runs', 'sync_watermarks', 'orders', 'telephone_numbers', 'assignment_batches']) {
      t.deepEqual(await database.query(`select from tn_ledger.${table}`), [], table);
    }

    const tolerant = { ...env, TN_LEDGER_MAX_CLOCK_DIFFERENCE: '6d' };
    t.is((await cli(t, ['run', 'sync-orders'], { env: tolerant })).status, 0);
    t.true((await database.query('select from tn_ledger.orders')).length > 0);
  });
}

test('a clock that only a cached response contradicts is trusted', async (t) => {
  const sandbox = await startSandbox({ numbers: 50 });
  t.teardown(() => sandbox.close());
  const database = await makeDatabase(t, t.context.server);
  const date = new Date(Date.now() - 2 * hour).toUTCString();
  const origin = await startProxy(t, sandbox, () => undefined, { date, age: '7200' });
  const { status, output } = await cli(t, ['run', 'sync-inservice-numbers'], {
    env: settingsOf(sandbox, database.url, origin),
  });
  t.is(status, 0, output);
});
