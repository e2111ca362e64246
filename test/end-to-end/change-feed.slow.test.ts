import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import { startSandbox } from '../../src/sandbox/server.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { cli, type Env, makeDatabase, makeFolder, settingsOf, startCli, startProxy, until } from './support.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const feed = `select change, telephone_number, field, before, after, happened_at, order_kind, order_id, user_id
  from night_changes order by change, telephone_number, field, order_kind, order_id, after`;

for (const isFirst of [true, false]) {
  test(`${isFirst ? 'the first' : 'a later'} nightly run, killed and resumed, reports the same changes as an undisturbed one`, async (t) => {
    const sandbox = await startSandbox({
      numbers: 300,
      orders: 5,
      disconnects: 3,
      portins: 3,
      portouts: 2,
      assignments: 3,
    });
    t.teardown(() => sandbox.close());
    const [undisturbed, disturbed] = [await makeDatabase(t, t.context.server), await makeDatabase(t, t.context.server)];
    let isHeld = false;
    let stopped = false;
    const origin = await startProxy(t, sandbox, ({ url = '' }) => {
      if (!isHeld || !/\/orders\?/.test(url)) return undefined;
      stopped = true;
      return new Promise(() => undefined);
    });
    const [calm, killed] = [
      { env: settingsOf(sandbox, undisturbed.url), cwd: await makeFolder(t) },
      { env: settingsOf(sandbox, disturbed.url, origin), cwd: await makeFolder(t) },
    ];
    if (!isFirst) {
      for (const { env, cwd } of [calm, killed]) t.is((await cli(t, ['run', 'nightly'], { env, cwd })).status, 0);
      const account = sandbox.account('9900000');
      const inService = [...account.numbers()].filter(({ listedInService }) => listedInService);
      account.placeDisconnect({
        numbers: inService.slice(0, 20).map(({ telephoneNumber }) => telephoneNumber),
        done: true,
      });
      for (const { telephoneNumber } of inService.slice(20, 40)) account.change(telephoneNumber, { tier: '9' });
      account.placeOrder({ done: true, userId: 'anna' });
    }

    isHeld = true;
    const { child, result } = startCli(t, ['run', 'nightly'], killed);
    await until(async () => stopped);
    child.kill('SIGKILL');
    await result;
    isHeld = false;
    const changed = await disturbed.query<{ count: number }>(
      `select count(*)::int from tn_ledger.telephone_numbers where changed_at > (select min(started_at) from tn_ledger.sync_runs
         where run_id >= (select max(run_id) from tn_ledger.sync_runs where job = 'nightly'))`,
    );
    t.true((changed[0]?.count ?? 0) > 0, 'killed after numbers were changed');

    const seen = async ({ env, cwd }: { env: Env; cwd: string }) => {
      t.is((await cli(t, ['run', 'nightly'], { env, cwd })).status, 0);
      t.is((await cli(t, ['report', '--out', 'report.html'], { env, cwd })).status, 0);
      const report = await readFile(join(cwd, 'report.html'), 'utf8');
      const section = /<section[^>]*aria-labelledby="changes"[\s\S]*?<\/section>/.exec(report)?.[0] ?? '';
      return {
        feed: (await cli(t, ['sql', '--csv', feed], { env, cwd })).stdout,
        // The time is each ledger's own.
        report: section.replace(/(?<=Changes seen since ).*?(?=, when)/, ''),
      };
    };
    const [expected, actual] = [await seen(calm), await seen(killed)];
    t.is(actual.feed, expected.feed);
    t.is(actual.report, expected.report);
    t.true(expected.feed.split('\n').length > (isFirst ? 300 : 40), expected.feed);
    t.true(expected.report.includes(isFirst ? 'All numbers are new there' : 'New numbers'), expected.report);
  });
}
