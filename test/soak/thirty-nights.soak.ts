import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { queueSchema } from '../../src/database/queue-schema.js';
import { makeFolder, sandboxLines } from '../end-to-end/support.js';
import { onlyIf } from '../support/only-if.js';
import { freePort, startPostgres, type TestServer } from '../support/postgres.js';
import { orderDetailResources } from '../support/resources.js';
import { seed } from '../support/seed.js';
import { orderDifferences } from '../sync/support/expected-orders.js';
import { type AlertMessage, type MovedWorld, openMovedWorld, type WorldOptions } from './support/moved-world.js';
import {
  accounts,
  hour,
  keyOf,
  liveThrough,
  minute,
  type NightlyRun,
  passHours,
  Records,
} from './support/nightly-runs.js';
import { calm, shuffledScenarios } from './support/scenarios.js';
import { readStored, type Stored } from './support/stored.js';

// Takes 10 to 15 minutes, so it isn't part of the soak in CI. To run it alone:
//   npm run test:soak -- dist/test/soak/thirty-nights.soak.js
// TN_LEDGER_TEST_SCENARIO, a part of a scenario's name, leaves out the others and the test of calm runs.

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  // Time passes fast: what autovacuum does each minute, it does each second.
  t.context.server = await startPostgres({ settings: { autovacuum_naptime: '1s', synchronous_commit: true } });
});
test.after.always((t) => t.context.server?.stop());

const onlyScenario = process.env.TN_LEDGER_TEST_SCENARIO;
const kept = { days: 3, backups: 3 };
/** The queue keeps planned runs for 14 days after their end. */
const queueDays = 16;

/** A ledger that keeps everything for a few days only, so that thirty are many. */
async function openWorld(
  t: ExecutionContext<{ server: TestServer }>,
  { env, ...options }: Omit<WorldOptions, 'sandbox'>,
): Promise<MovedWorld> {
  return openMovedWorld(t, t.context.server, {
    ...options,
    sandbox: {
      // Of fewer numbers, what two busy days disconnect would be more than TN_LEDGER_MAX_SHRINK allows.
      accounts: [
        { id: accounts[0], numbers: 200 },
        { id: accounts[1], numbers: 160 },
      ],
      ...{ orders: 10, disconnects: 5, portins: 4, portouts: 2, assignments: 4 },
      billing: { rowsPerDay: 20 },
    },
    env: {
      TN_LEDGER_BACKUP_DIR: await makeFolder(t),
      TN_LEDGER_KEEP_BACKUPS: String(kept.backups),
      TN_LEDGER_KEEP_RUNS: String(kept.days),
      TN_LEDGER_KEEP_REPORTS: String(kept.days),
      TN_LEDGER_KEEP_ARCHIVES: String(kept.days),
      ...env,
    },
  });
}

/**
 * When runs are due, and the schedule that says so. All of it is in the past: new files have the machine's time until they are dated,
 * and one that seemed old would be removed while it is needed.
 */
const sequences = [
  {
    // Clocks show 1:30 twice on November 2: the first time counts.
    schedule: '30 1 * * *',
    from: '2025-10-24T16:00:00Z',
    due: days('2025-10-25', 15).map((day) => `${day}T0${day <= '2025-11-02' ? 5 : 6}:30:00Z`),
  },
  {
    // Clocks skip 2:30 on March 8: it is 3:30 then.
    schedule: '30 2 * * *',
    from: '2026-02-27T16:00:00Z',
    // The first was missed: the last run was in November.
    due: days('2026-02-27', 15).map((day) => `${day}T0${day <= '2026-03-08' ? 7 : 6}:30:00Z`),
  },
] as const;

function days(first: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) =>
    new Date(Date.parse(first) + index * 24 * hour).toISOString().slice(0, 10),
  );
}

/** A nightly run after which the next one is about to be due. */
interface PastRun extends NightlyRun {
  stored: Stored;
}

test.serial(
  'thirty nightly runs with faults, restarts and changes of the clocks: each done or explained, once, and everything bounded',
  async (t) => {
    t.timeout(20 * minute);
    t.log(`TN_LEDGER_TEST_SEED=${seed}`);
    const world = await openWorld(t, {
      from: sequences[0].from,
      env: { TN_LEDGER_SCHEDULE: sequences[0].schedule },
    });
    const { sandbox } = world.ledger;
    const records = new Records();
    const past: PastRun[] = [];

    for (const { schedule, from, due: times } of sequences) {
      if (schedule !== world.env.TN_LEDGER_SCHEDULE) {
        await world.move(Date.parse(from) - world.now().getTime());
        world.env.TN_LEDGER_SCHEDULE = schedule;
        world.startSchedule();
      }
      // The first time, it migrates the database.
      await world.passUntil(() => /Next nightly runs/.test(world.schedule.output()) && world.alertPolls() > 0, 1000);
      // In the first run the ledger is empty, or the last run was months ago.
      const order = [calm, ...shuffledScenarios(onlyScenario)];
      for (const [index, scenario] of order.entries()) {
        const due = Date.parse(times[index] as string);
        // The last one leaves time for a run by hand.
        const next = index < order.length - 1 ? Date.parse(times[index + 1] as string) : due + 22 * hour;
        const run = { scenario, due, next };
        const begun = performance.now();
        await liveThrough(world, run, past.at(-1)?.scenario, records);
        t.log(`${times[index]} ${scenario.name}: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
        past.push({ ...run, stored: await readStored(world) });
        for (const account of accounts) sandbox.account(account).busyDay(past.length);
      }
      // What the last run left to the next one is done by hand, before that is due.
      await passHours(world, 1);
      await world.runToEnd(['run', 'nightly']);
      await world.endSchedule('SIGTERM');
    }
    await records.keep(world);
    checkRuns(t, past, records);
    checkAlerts(t, past, world.webhook.accepted);
    checkPings(t, past, records, world.pings);
    checkSizes(t, past, records);
    t.is((await readStored(world)).stagingTables, 0);
    for (const account of accounts)
      t.deepEqual(await ledgerLines(world, account), sandboxLines(sandbox, account), account);
    for (const resource of orderDetailResources)
      t.deepEqual((await orderDifferences(world.ledger, resource)).slice(0, 3), []);
  },
);

/** Each run succeeded once, or has failures with causes and fixes, and nothing else was planned. */
function checkRuns(t: ExecutionContext, past: readonly PastRun[], { runs, planned, skipped }: Records): void {
  const expected = past.flatMap(({ due }) => accounts.map((account) => keyOf(due, account)));
  t.deepEqual([...planned.keys(), ...skipped].sort(), expected.sort());
  for (const { due, next, scenario } of past) {
    for (const account of accounts) {
      const key = keyOf(due, account);
      const where = `${key}: ${scenario.name}`;
      const recorded = [...runs.values()].filter(
        (run) => run.account_id === account && run.started_at.getTime() >= due && run.started_at.getTime() < next,
      );
      const state = scenario.states?.[account] ?? 'done';
      // If the next run is skipped, this one goes on in its place, with the data of that day.
      const goesOn = state === 'replaced' && skipped.has(keyOf(next, account));
      if (!skipped.has(key)) t.is(planned.get(key)?.state, goesOn ? 'done' : state, where);
      const succeeded = recorded.filter(({ job, status }) => job === 'nightly' && status === 'succeeded');
      t.is(succeeded.length, state === 'done' || scenario.isRepeatedByHand ? 1 : 0, where);
      if (state === 'done') continue;
      const unrecorded = planned.get(key)?.unrecorded;
      const failures = recorded.filter(({ status, job }) => status === 'failed' && job !== 'nightly');
      const explained = [...failures, ...(unrecorded ? [unrecorded] : [])];
      t.true(explained.length > 0, where);
      for (const { cause, hint } of explained) t.true(Boolean(cause) && Boolean(hint), `${where} ${cause} ${hint}`);
    }
  }
  t.deepEqual(
    [...runs.values()].filter(({ status }) => status === 'running'),
    [],
  );
}

/** At most one alert for a cause within a day until it is over, what was to be alerted was, and all that ended is reported. */
function checkAlerts(t: ExecutionContext, past: readonly PastRun[], messages: readonly AlertMessage[]): void {
  /** When each cause was last alerted, and for which jobs, until its recovery. */
  const open = new Map<string, { at: number; jobs: Set<string> }>();
  const jobOf = ({ account, job }: { account: string; job: string }) => `${job} ${account}`;
  for (const { event, title, time, problems } of messages) {
    const at = Date.parse(time);
    if (event === 'failure') {
      const [, shared] = /^(the .+ is not available|a clock is wrong): /.exec(title) ?? [];
      for (const problem of problems) {
        const cause = shared ?? `${jobOf(problem)} ${problem.error?.replace(/\d[\d.,]*/g, '#')}`;
        const last = open.get(cause);
        if (last !== undefined && last.at < at) t.true(at - last.at >= 24 * hour, `${time} ${cause} again`);
        open.set(cause, { at, jobs: new Set([...(last?.jobs ?? []), jobOf(problem)]) });
      }
    }
    if (event === 'recovery') {
      const recovered = new Set(problems.map(jobOf));
      for (const [cause, { jobs }] of open) if ([...jobs].some((job) => recovered.has(job))) open.delete(cause);
    }
  }
  const sent = messages.map(({ event, title, time }) => `${time} ${event}: ${title}`);
  t.deepEqual([...open.keys()], [], `without a recovery, of\n${sent.join('\n')}`);
  for (const { due, next, scenario } of past) {
    const failures = messages.filter(
      ({ event, time }) => event === 'failure' && Date.parse(time) >= due && Date.parse(time) < next,
    );
    const titles = failures.map(({ title }) => title);
    const where = `${new Date(due).toISOString()} ${scenario.name}: ${titles.join('; ')}`;
    if (scenario.alert === undefined) {
      // Reminders of what began in an earlier run may still come.
      const begun = failures.filter(({ problems }) => problems.some(({ since }) => Date.parse(since) >= due));
      t.deepEqual(begun, [], where);
    } else {
      // The jobs that it names may have failed in the run before too, for another cause.
      t.true(
        titles.some((title) => scenario.alert?.test(title)),
        where,
      );
    }
  }
}

/** One pair of pings for each run that was planned. */
function checkPings(
  t: ExecutionContext,
  past: readonly PastRun[],
  { planned }: Records,
  pings: MovedWorld['pings'],
): void {
  for (const { due, scenario } of past) {
    const states = accounts.flatMap((account) => planned.get(keyOf(due, account))?.state ?? []);
    const expected = ['/ping/start', states.every((state) => state === 'done') ? '/ping/0' : '/ping/1'];
    // Runs that were started by hand have no such summary.
    const when = `(${new Date(due).toISOString().slice(0, 16).replace('T', ' ')} UTC)`;
    const ofRun = pings.filter(({ body }) => body.startsWith('Nightly run of ') && body.includes(when));
    t.deepEqual(
      ofRun.map(({ path }) => path),
      states.length === 0 ? [] : expected,
      `${when} ${scenario.name}`,
    );
  }
}

/** What is kept for a while doesn't grow after that while. */
function checkSizes(t: ExecutionContext, past: readonly PastRun[], { runs }: Records): void {
  const jobs = new Set([...runs.values()].map(({ job, account_id }) => `${job} ${account_id}`)).size;
  for (const { due, next, stored } of past) {
    const { rows } = stored;
    const where = `${new Date(due).toISOString()} ${JSON.stringify(stored)}`;
    const oldest = next - (kept.days + 2) * 24 * hour;
    const recent = [...runs.values()].filter(({ started_at }) => started_at.getTime() > oldest);
    // The last two, the last two successful ones, and two for the changes since the last run stay, however old.
    t.true((rows.sync_runs as number) <= recent.length + 6 * jobs, where);
    t.true((rows[`${queueSchema}.job_common`] as number) <= accounts.length * queueDays, where);
    t.true((rows.request_permits as number) + (rows.request_waiters as number) < 200, where);
    // A list that was not read to its end is kept until it is.
    t.true(stored.stagingTables <= jobs, where);
    t.true(stored.reports <= accounts.length + recent.filter(({ job }) => job === 'write-report').length, where);
    t.true(stored.backups <= kept.backups, where);
    // One is in progress, and the processes of two runs of a sequence are killed.
    t.true(stored.unfinishedBackups <= 3, where);
  }
}

async function ledgerLines({ query }: MovedWorld, account: string): Promise<string[]> {
  const rows = await query(
    `select telephone_number, status, rate_center, vendor_id, tier from telephone_numbers
      where account_id = $1 and removed_at is null order by telephone_number collate "C"`,
    [account],
  );
  return rows.map((row) => Object.values(row).join('|'));
}

/**
 * V8 compiles a function better the more often it is called, so that code grows from run to run, by a fifth of the heap in
 * thirty. With these options it compiles each function once, when it is first called: what grows then isn't code.
 */
const compiledAtOnce = ['--always-sparkplug', '--no-opt', '--no-lazy-feedback-allocation', '--no-flush-bytecode'];

onlyIf(
  test.serial,
  onlyScenario === undefined,
  'has no scenarios',
)(
  'thirty nightly runs without a change or a restart: memory within 10 % of the first, tables and files as after the tenth',
  async (t) => {
    t.timeout(20 * minute);
    const address = `127.0.0.1:${await freePort()}`;
    const world = await openWorld(t, {
      from: '2025-10-24T16:00:00Z',
      env: { TN_LEDGER_HTTP: address },
      nodeArguments: compiledAtOnce,
    });
    const records = new Records();
    await world.passUntil(() => world.alertPolls() > 0, 1000);
    const memory: NodeJS.MemoryUsage[] = [];
    const stored: Stored[] = [];
    for (const day of days('2025-10-25', 30)) {
      // 2:00 in New York, where the clocks are set back on November 2.
      const due = Date.parse(`${day}T0${day < '2025-11-02' ? 6 : 7}:00:00Z`);
      await liveThrough(world, { scenario: calm, due, next: due + 23 * hour }, undefined, records);
      t.is((await fetch(`http://${address}/metrics`)).status, 200);
      memory.push(await world.schedule.measure());
      stored.push(await readStored(world));
    }
    // The last backup may still be in progress.
    await world.passUntil(async () => {
      stored[29] = await readStored(world);
      return stored[29].unfinishedBackups === 0;
    }, 1000);
    await world.endSchedule('SIGTERM');
    t.is([...records.planned.values()].filter(({ state }) => state === 'done').length, 30 * accounts.length);
    const mb = (bytes: number) => (bytes / 1e6).toFixed(1);
    t.log(memory.map(({ heapUsed, rss }) => `${mb(heapUsed)}/${mb(rss)}`).join(' '), 'MB of heap/resident');
    const [first, last] = [memory[0], memory[29]] as [NodeJS.MemoryUsage, NodeJS.MemoryUsage];
    t.true(last.heapUsed <= 1.1 * first.heapUsed);
    t.true(last.rss <= 1.1 * first.rss);
    checkGrowth(t, stored[9] as Stored, stored[29] as Stored);
  },
);

/** How many times as many rows a table may have after the thirtieth run as after the tenth; the others don't grow. */
function growthOf(table: string): number {
  // What was sent is kept for 30 days, planned runs for 14, and what Bandwidth reported until a setting says otherwise.
  if (table === 'alerts' || table === 'assignment_reports' || table.includes('billing')) return 3;
  return table === `${queueSchema}.job_common` ? 1.5 : 1;
}

function checkGrowth(t: ExecutionContext, tenth: Stored, last: Stored): void {
  let added = 0;
  for (const [table, count] of Object.entries(last.rows)) {
    const before = tenth.rows[table] ?? 0;
    t.true(count <= growthOf(table) * before, `${table}: ${before} ${count}`);
    added += Math.max(0, count - before);
  }
  t.true(last.databaseBytes <= 1.1 * tenth.databaseBytes, `${tenth.databaseBytes} ${last.databaseBytes}`);
  // A report lists the billing records of each day of this month and the last: twice as many days as after the tenth run.
  t.true(last.dataBytes <= 1.2 * tenth.dataBytes, `${tenth.dataBytes} ${last.dataBytes}`);
  // A backup is compressed.
  const backupBytes = tenth.backupBytes + 100 * kept.backups * added;
  t.true(last.backupBytes <= backupBytes, `${tenth.backupBytes} ${last.backupBytes}`);
  t.is(last.backups, kept.backups);
  t.is(last.stagingTables + last.unfinishedBackups, 0);
}
