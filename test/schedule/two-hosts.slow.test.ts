import anyTest, { type TestFn } from 'ava';
import { jobs } from '../../jobs/index.js';
import { runAccount } from '../../src/run/run-accounts.js';
import { openNightQueue } from '../../src/schedule/night-queue.js';
import { runScheduler } from '../../src/schedule/scheduler.js';
import { workOnNights } from '../../src/schedule/work-on-nights.js';
import { createTimetable } from '../../src/timetable.js';
import { until } from '../end-to-end/support.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { type Ledger, openLedger, usualLimits } from '../sync/support/ledger.js';
import { createManualClock } from './support/manual-clock.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const options = { maxShrink: 0.2, acceptShrink: false, ...usualLimits };
const list = jobs.filter(({ name }) => name === 'sync-inservice-numbers');

/** Starts what `tn-ledger schedule` does on one host, with a clock that the test moves. */
async function startHost(ledger: Ledger, start: string) {
  const { accountIds: accounts } = ledger.sandbox;
  const moved = createManualClock(start);
  const end = new AbortController();
  const queue = await openNightQueue(ledger.database, { supervise: true, onError: () => undefined });
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const planned: string[] = [];
  const worked: string[] = [];
  const scheduler = runScheduler({
    ...{ clock: moved.clock, catchUp: false, log, signal: end.signal },
    timetable: createTimetable('0 2 * * *', 'America/New_York'),
    describe: String,
    describeError: String,
    plan: async ({ due }) => {
      planned.push(...(await queue.plan({ time: due, origin: 'schedule' }, accounts)).planned);
      return true;
    },
  });
  const worker = workOnNights({
    ...{ queue, lanes: 2, served: accounts, untilDone: false, signal: end.signal, log },
    run: async ({ account, time }, signal) => {
      const reports = await runAccount(account, list, { ...ledger.environment(), signal }, options, new Set());
      worked.push(...reports.map(({ result }) => `${time.toISOString().slice(0, 10)} ${account} ${result}`));
      return { result: 'succeeded' };
    },
  });
  return {
    ...{ moved, planned, worked },
    async stop() {
      end.abort();
      await Promise.all([scheduler, worker]);
      await queue.close();
    },
  };
}

test('two hosts with a schedule run five nights, each once for every account', async (t) => {
  const accounts = ['9900000', '9900001', '9900002'];
  const ledger = await openLedger(t, t.context.server, {
    sandbox: { accounts: accounts.map((id) => ({ id, numbers: 40 })) },
  });
  // Their clocks differ by a few seconds.
  const hosts = await Promise.all([
    startHost(ledger, '2026-10-30T05:00:00Z'),
    startHost(ledger, '2026-10-30T05:00:07Z'),
  ]);
  const days = ['2026-10-30', '2026-10-31', '2026-11-01', '2026-11-02', '2026-11-03'];
  const done = () => hosts.flatMap(({ worked }) => worked);
  for (const [index, day] of days.entries()) {
    // Daylight saving ends on November 1.
    const hour = day < '2026-11-01' ? 6 : 7;
    await Promise.all(hosts.map(({ moved }, host) => moved.jumpTo(`${day}T0${hour}:00:0${host * 7}Z`)));
    await until(async () => done().length >= (index + 1) * accounts.length);
  }
  await Promise.all(hosts.map((host) => host.stop()));
  const expected = days.flatMap((day) => accounts.map((account) => `${day} ${account} succeeded`));
  t.deepEqual(done().sort(), expected);
  t.is(hosts.flatMap(({ planned }) => planned).length, expected.length);
  t.deepEqual(await ledger.query('select account_id, count(*)::integer as runs from sync_runs group by 1 order by 1'), [
    ...accounts.map((account_id) => ({ account_id, runs: days.length })),
  ]);
});
