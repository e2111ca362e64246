import { readdir, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { queueSchema } from '../../src/database/queue-schema.js';
import { makeFolder, sandboxLines } from '../end-to-end/support.js';
import { freePort, startPostgres, type TestServer } from '../support/postgres.js';
import { orderDetailResources } from '../support/resources.js';
import { seed } from '../support/seed.js';
import { orderDifferences } from '../sync/support/expected-orders.js';
import { randomFrom } from '../sync/support/kills.js';
import { type AlertMessage, type DrivenProcess, type MovedWorld, openMovedWorld } from './support/moved-world.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  // Time passes fast: what autovacuum does each minute, it does each second.
  t.context.server = await startPostgres({ settings: { autovacuum_naptime: '1s', synchronous_commit: true } });
});
test.after.always((t) => t.context.server?.stop());

const accounts = ['9900000', '9900001'];
const [main, other] = accounts as [string, string];
const minute = 60_000;
const hour = 60 * minute;
const kept = { days: 3, backups: 3 };
/** The queue keeps planned nights for 14 days after their end. */
const queueDays = 16;

/** What is different on a night, and what must come of it. */
interface Scenario {
  name: string;
  /** Called shortly before the night is due. */
  before?(life: Life): Promise<void> | void;
  /** Called when the night is due, until its run is in progress, or until it can be. */
  during?(life: Life): Promise<void>;
  /** Called when the night has ended, or waits for its next attempt. */
  after?(life: Life): Promise<void>;
  /** Called shortly before the next night is due. */
  end?(life: Life): Promise<void> | void;
  /** Called when the next night is planned. */
  next?(life: Life): void;
  /** The state that the night ends in, by account; all `done` otherwise. */
  states?: Record<string, 'failed' | 'replaced'>;
  /** The title of an alert that must arrive before the next night; undefined: none may. */
  alert?: RegExp;
}

/** The machine with its schedule over thirty nights. */
interface Life {
  t: ExecutionContext;
  world: MovedWorld;
  random: (bound: number) => number;
  schedule: DrivenProcess;
  /** Starts the schedule again. */
  restart(): void;
  /** All that ended processes printed. */
  printed: string[];
}

async function endLife({ t, schedule, printed }: Life, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  schedule.child.kill(signal);
  t.is(await schedule.ended, signal === 'SIGTERM' ? 0 : null, schedule.output());
  printed.push(schedule.output());
}

const passes: MovedWorld['onRequest'] = () => 'pass';
const outage: MovedWorld['onRequest'] = () => 'reset';

function breakApi({ world }: Life, answer: MovedWorld['onRequest']): void {
  world.onRequest = answer;
}

function healApi({ world }: Life): void {
  world.onRequest = passes;
}

/** Waits for the n-th request of the night, while time goes on. */
async function atRequest(life: Life, count: number): Promise<void> {
  let left = count;
  breakApi(life, () => {
    left -= 1;
    return 'pass';
  });
  await life.world.passUntil(() => left <= 0, 1000);
}

/** What an operator does who has checked that the numbers are gone. */
async function acceptShrink({ t, world }: Life): Promise<void> {
  const command = world.start(['run', 'nightly', '--account', other, '--accept-shrink']);
  let status: number | null | undefined;
  void command.ended.then((ended) => {
    status = ended;
  });
  await world.passUntil(() => status !== undefined, 1000);
  t.is(status, 0, command.output());
}

const scenarios: Scenario[] = [
  { name: 'calm' },
  {
    name: 'faults of all kinds',
    before: ({ world }) => {
      const rate = 0.03;
      world.ledger.sandbox.faults = {
        '429': rate,
        '500': rate,
        reset: rate,
        truncate: rate,
        html: rate,
        'duplicate-page': rate,
      };
    },
    end: ({ world }) => {
      world.ledger.sandbox.faults = {};
    },
  },
  {
    name: '429 storm',
    before(life) {
      const until = life.world.now().getTime() + 9 * minute;
      breakApi(life, () =>
        life.world.now().getTime() < until && life.random(3) > 0
          ? { status: 429, headers: { 'x-ratelimit-reset': 'soon' } }
          : 'pass',
      );
    },
    end: healApi,
  },
  {
    name: 'API down for two hours',
    before: (life) => breakApi(life, outage),
    async after(life) {
      await passHours(life, 2);
      healApi(life);
    },
    alert: /^the Dashboard API is not available: /,
  },
  {
    name: 'API down for the whole night',
    before: (life) => breakApi(life, outage),
    next: healApi,
    states: { [main]: 'replaced', [other]: 'replaced' },
    alert: /^the Dashboard API is not available: /,
  },
  {
    name: 'credentials refused',
    before: (life) => breakApi(life, (path) => (path.endsWith('/token') ? { status: 401 } : 'pass')),
    end: healApi,
    states: { [main]: 'failed', [other]: 'failed' },
    alert: / failing since /,
  },
  {
    name: 'role missing, and neither the webhook nor the mail server works at first',
    before(life) {
      breakApi(life, (path) => (path.includes(`/${main}/portins`) ? { status: 403 } : 'pass'));
      life.world.webhook.state = 'fails';
      life.world.mail.state = 'refuses';
    },
    async after(life) {
      await passHours(life, 1);
      life.t.regex(life.schedule.output(), /could not be sent by webhook: HTTP status 503/);
      life.world.webhook.state = 'ok';
      life.world.mail.state = 'ok';
    },
    end: healApi,
    states: { [main]: 'failed' },
    alert: /^sync-portins of account 9900000 is failing since /,
  },
  {
    name: 'role missing, and the webhook hangs',
    before(life) {
      breakApi(life, (path) => (path.includes(`/${other}/disconnects`) ? { status: 403 } : 'pass'));
      life.world.webhook.state = 'hangs';
    },
    async after(life) {
      await passHours(life, 1);
      life.world.webhook.state = 'ok';
    },
    end: healApi,
    states: { [other]: 'failed' },
    alert: /^sync-disconnects of account 9900001 is failing since /,
  },
  {
    name: 'shrinking list',
    before({ world }) {
      const held = world.ledger.sandbox.account(other);
      const numbers = [...held.numbers()].filter(({ status }) => status === 'Inservice');
      held.disconnect(numbers.slice(0, Math.ceil(numbers.length * 0.4)).map(({ telephoneNumber }) => telephoneNumber));
    },
    end: acceptShrink,
    states: { [other]: 'failed' },
    alert: /account 9900001 (is|are) failing since /,
  },
  {
    name: 'database restarts after a crash',
    async during(life) {
      await atRequest(life, 2 + life.random(20));
      healApi(life);
      const [row] = await life.world.query<{ pid: number }>(
        `select pid from pg_stat_activity where datname = current_database() and backend_type = 'client backend' order by pid limit 1`,
      );
      process.kill(row?.pid ?? 0, 'SIGKILL');
    },
  },
  {
    name: 'database down for three hours',
    async during({ world }) {
      await world.stopDatabase();
      const before = world.webhook.accepted.length;
      await world.passUntil(() => world.webhook.accepted.length > before, 10_000);
      for (let passed = 0; passed < 3 * hour; passed += 5 * minute) await world.move(5 * minute);
      await world.startDatabase();
    },
    alert: /^the database is not available: every job is failing since /,
  },
  {
    name: 'SIGTERM in the middle',
    async during(life) {
      await atRequest(life, 2 + life.random(20));
      await endLife(life, 'SIGTERM');
      healApi(life);
      life.restart();
    },
  },
  {
    name: 'kill -9 in the middle',
    async during(life) {
      await atRequest(life, 2 + life.random(20));
      await endLife(life, 'SIGKILL');
      healApi(life);
      life.restart();
    },
  },
  {
    name: 'killed before, and started after the night was due',
    async before(life) {
      await endLife(life, 'SIGKILL');
      await life.world.move(3 * hour);
      life.restart();
    },
  },
];
/** Each is a night, or several in a row. */
const units = scenarios
  .slice(1)
  .map((scenario) => (scenario.next === undefined ? [scenario] : [scenario, scenarios[0] as Scenario]));

/** A planned night of an account. */
interface PlannedRow {
  account: string;
  night: string;
  state: 'waiting' | 'running' | 'replaced' | 'failed' | 'done';
  attempts: number;
  /** A failure that no run records. */
  unrecorded: { cause: string; hint?: string } | null;
  /** Whether an attempt is in progress or may start. */
  isBusy: boolean;
  /** When the next attempt may start, if it is waiting. */
  nextAttempt: Date;
}

const plannedSql = `
  select group_id as account, data ->> 'night' as night, output -> 'unrecorded' as unrecorded,
         retry_count + (started_on is not null)::integer as attempts,
         case when state = 'cancelled' then 'replaced' when state = 'failed' or output ->> 'result' = 'failed' then 'failed'
              when state = 'completed' then 'done' when state = 'active' then 'running' else 'waiting' end as state,
         state = 'active' or state < 'active' and start_after <= clock_timestamp() as "isBusy", start_after as "nextAttempt"
    from ${queueSchema}.job`;

/** A row of `sync_runs`. */
interface RunRow {
  run_id: string;
  job: string;
  account_id: string;
  started_at: Date;
  status: string;
  cause: string | null;
  error: string | null;
  hint: string | null;
}

/** Everything that was ever recorded: what is old is removed in the meantime. */
interface Records {
  runs: Map<string, RunRow>;
  planned: Map<string, PlannedRow>;
  /** Nights that were not planned for an account, because an attempt of the one before was in progress. */
  skipped: Set<string>;
}

const nightKey = (due: number, account: string) => `${new Date(due).toISOString()} ${account}`;

/** Whether the log says so. */
function isSkipped({ printed, schedule }: Life, due: number, account: string): boolean {
  const when = new Date(due).toISOString().slice(0, 16).replace('T', ' ');
  return [...printed, schedule.output()].some((text) =>
    text.includes(`(${when} UTC) was skipped for account ${account}: the previous run is still in progress`),
  );
}

async function keepRecords(world: MovedWorld, { runs, planned }: Records): Promise<void> {
  for (const row of await world.query<PlannedRow>(plannedSql)) planned.set(`${row.night} ${row.account}`, row);
  for (const row of await world.query<RunRow>('select * from sync_runs')) runs.set(row.run_id, row);
}

/** One night with the day that follows it. */
async function oneNight(
  life: Life,
  { scenario, last }: { scenario: Scenario; last: Scenario | undefined },
  { due, next }: { due: number; next: number },
  records: Records,
): Promise<void> {
  const { world } = life;
  /** Whether the night is planned, or skipped, for all accounts, and nothing is in progress or about to be if it has to have ended. */
  const isReached = async ({ isOver }: { isOver: boolean }) => {
    const rows = await world.query<PlannedRow>(plannedSql);
    return accounts.every((account) => {
      const night = rows.find((row) => Date.parse(row.night) === due && row.account === account);
      if (night === undefined && !isSkipped(life, due, account)) return false;
      return !isOver || ((night?.attempts ?? 1) > 0 && rows.every(({ isBusy }) => !isBusy));
    });
  };
  await scenario.before?.(life);
  if (world.now().getTime() < due) await world.move(due - world.now().getTime());
  if (last?.next !== undefined) {
    await world.passUntil(() => isReached({ isOver: false }), 1000);
    last.next(life);
  }
  await scenario.during?.(life);
  await world.passUntil(() => isReached({ isOver: true }), 1000);
  for (const account of accounts) if (isSkipped(life, due, account)) records.skipped.add(nightKey(due, account));
  await scenario.after?.(life);
  await keepRecords(world, records);
  await dateFiles(world);
  await passTo(life, next - 10 * minute);
  await scenario.end?.(life);
  await keepRecords(world, records);
}

/** Lets hours pass. */
async function passHours(life: Life, hours: number): Promise<void> {
  const { world } = life;
  await passTo(life, world.now().getTime() + hours * hour);
}

/** After so many attempts of a night, the clock also jumps over some: each repeats what the ones before did. */
const attemptsInFull = 3;

/** Lets time pass up to a moment: in small steps while a run is in progress, else in larger ones. */
async function passTo({ world }: Life, end: number): Promise<void> {
  const leftTo = (moment: number) => moment - world.now().getTime();
  /** When the next attempt may start; undefined if one is in progress or may start now. */
  const nextAttempt = async () => {
    const planned = await world.query<PlannedRow>(plannedSql);
    if (planned.some(({ isBusy }) => isBusy)) return undefined;
    const waiting = planned.filter(({ state, attempts }) => state === 'waiting' && attempts < attemptsInFull);
    return Math.min(...waiting.map((night) => night.nextAttempt.getTime()));
  };
  while (leftTo(end) > 0) {
    const next = await nextAttempt();
    if (next === undefined) {
      // With an API that is down, a run mostly waits.
      await world.move(Math.min(leftTo(end), world.onRequest === outage ? 8000 : 1000));
      continue;
    }
    // Alerts and upkeep are looked for every minute. The second time starts after the first has sent what was due.
    const before = world.alertPolls();
    await world.move(Math.min(leftTo(end), Math.max(1000, leftTo(next)), 61_000));
    await world.passUntil(() => world.alertPolls() > before + 1, 10_000);
    // An attempt may have started: hours that pass in the middle of it would make it fail.
    const then = await nextAttempt();
    const rest = Math.min(leftTo(end), leftTo(then ?? 0), 11 * hour);
    if (rest > 62_000) await world.move(rest);
  }
}

/** The times at which nights are due, and the schedule they follow. */
const sequences = [
  {
    // Clocks show 1:30 twice on November 1: the first time counts.
    schedule: '30 1 * * *',
    start: '2026-10-24T16:00:00Z',
    nights: days('2026-10-25', 15).map((day) => `${day}T0${day <= '2026-11-01' ? 5 : 6}:30:00.000Z`),
  },
  {
    // Clocks skip 2:30 on March 14: it is 3:30 then.
    schedule: '30 2 * * *',
    start: '2027-03-05T16:00:00Z',
    // The first was missed: nothing ran since November.
    nights: days('2027-03-05', 15).map((day) => `${day}T0${day <= '2027-03-14' ? 7 : 6}:30:00.000Z`),
  },
] as const;

function days(first: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) =>
    new Date(Date.parse(first) + index * 24 * hour).toISOString().slice(0, 10),
  );
}

const sandbox = {
  // Of fewer numbers, what two busy days disconnect would be more than TN_LEDGER_MAX_SHRINK allows.
  accounts: [
    { id: main, numbers: 200 },
    { id: other, numbers: 160 },
  ],
  ...{ orders: 10, disconnects: 5, portins: 4, portouts: 2, assignments: 4 },
  billing: { rowsPerDay: 20 },
};

test.serial(
  'thirty nights with faults, restarts and changes of the clocks: each done or explained, once, and everything bounded',
  async (t) => {
    t.timeout(20 * minute);
    t.log(`TN_LEDGER_TEST_SEED=${seed}`);
    const random = randomFrom(seed);
    const backups = await makeFolder(t);
    const world = await openMovedWorld(t, t.context.server, {
      ...{ start: sequences[0].start, sandbox },
      env: { ...retention(backups), TN_LEDGER_SCHEDULE: sequences[0].schedule },
    });
    const start = () => world.start(['schedule']);
    const restart = () => {
      life.schedule = start();
    };
    const life: Life = { t, world, random, printed: [], schedule: start(), restart };
    const records: Records = { runs: new Map(), planned: new Map(), skipped: new Set() };
    const nights: EndedNight[] = [];
    let last: Scenario | undefined;

    for (const [index, { schedule, start: from, nights: times }] of sequences.entries()) {
      if (index > 0) {
        await endLife(life, 'SIGTERM');
        await world.move(Date.parse(from) - world.now().getTime());
      }
      world.env.TN_LEDGER_SCHEDULE = schedule;
      if (index > 0) life.restart();
      // The first time, it migrates the database.
      await world.passUntil(() => /Next nightly runs/.test(life.schedule.output()) && world.alertPolls() > 0, 1000);
      // On the first night the ledger is empty, or hasn't run for months.
      const order = [scenarios[0], ...shuffled(random, units).flat()];
      for (const [nth, time] of times.entries()) {
        const scenario = order[nth] as Scenario;
        const due = Date.parse(time);
        const next = Date.parse(times[nth + 1] ?? new Date(due + 24 * hour).toISOString());
        const begun = performance.now();
        if (due - world.now().getTime() > 6 * minute) await passTo(life, due - 5 * minute);
        await oneNight(life, { scenario, last }, { due, next }, records);
        const stored = await storedIn(world, backups);
        nights.push({ due, next, scenario, stored });
        last = scenario;
        t.log(`${time} ${scenario.name}: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
        for (const account of world.ledger.sandbox.accountIds)
          world.ledger.sandbox.account(account).busyDay(1000 * index + nth);
      }
    }
    // What ended in the last night is reported.
    await passHours(life, 3);
    await endLife(life, 'SIGTERM');
    await keepRecords(world, records);
    checkNights(t, nights, records);
    checkAlerts(t, world.webhook.accepted, nights);
    checkPings(t, world, nights, records);
    checkSizes(t, nights, records);
    for (const account of accounts) {
      const { sandbox: api } = world.ledger;
      t.deepEqual(await ledgerLinesOf(world, account), sandboxLines(api, account), account);
    }
    for (const resource of orderDetailResources)
      t.deepEqual((await orderDifferences(world.ledger, resource)).slice(0, 3), []);
  },
);

/**
 * V8 compiles a function better the more often it is called, so that code grows from night to night, by a fifth of the heap in
 * thirty. With these options it compiles each function once, when it is first called: what grows then isn't code.
 */
const compiledAtOnce = ['--always-sparkplug', '--no-opt', '--no-lazy-feedback-allocation', '--no-flush-bytecode'];

test.serial(
  'thirty nights without a change or a restart: memory within 10 % of the first, tables and files as after the tenth',
  async (t) => {
    t.timeout(20 * minute);
    const address = `127.0.0.1:${await freePort()}`;
    const backups = await makeFolder(t);
    const world = await openMovedWorld(t, t.context.server, {
      ...{ start: '2026-10-24T16:00:00Z', sandbox },
      env: { ...retention(backups), TN_LEDGER_HTTP: address },
    });
    const life: Life = {
      t,
      world,
      random: randomFrom(seed),
      printed: [],
      schedule: world.start(['schedule'], compiledAtOnce),
      restart: () => undefined,
    };
    const records: Records = { runs: new Map(), planned: new Map(), skipped: new Set() };
    await world.passUntil(() => world.alertPolls() > 0, 1000);
    const memory: { heap: number; resident: number }[] = [];
    const stored: Stored[] = [];
    for (const day of days('2026-10-25', 30)) {
      // 2:00 in New York, where the clocks are set back on November 1.
      const due = Date.parse(`${day}T0${day < '2026-11-01' ? 6 : 7}:00:00Z`);
      await passTo(life, due - 5 * minute);
      await oneNight(
        life,
        { scenario: scenarios[0] as Scenario, last: undefined },
        { due, next: due + 23 * hour },
        records,
      );
      t.is((await fetch(`http://${address}/metrics`)).status, 200);
      const { heapUsed, rss } = await life.schedule.measure();
      memory.push({ heap: heapUsed, resident: rss });
      stored.push(await storedIn(world, backups));
    }
    await endLife(life, 'SIGTERM');
    t.is([...records.planned.values()].filter(({ state }) => state === 'done').length, 30 * accounts.length);
    t.log(
      memory.map(({ heap, resident }) => `${(heap / 1e6).toFixed(1)}/${(resident / 1e6).toFixed(0)}`).join(' '),
      'MB of heap/resident',
    );
    const [begin, end] = [memory[0], memory.at(-1)];
    t.true((end?.heap ?? Infinity) <= 1.1 * (begin?.heap ?? 0));
    t.true((end?.resident ?? Infinity) <= 1.1 * (begin?.resident ?? 0));
    checkStored(t, stored[9] as Stored, stored[29] as Stored);
  },
);

/** What a ledger takes. */
interface Stored {
  /** By table. */
  rows: Record<string, number>;
  stagingTables: number;
  databaseBytes: number;
  dataBytes: number;
  reports: number;
  /** Complete ones, and what killed processes left of others. */
  backups: number;
  unfinishedBackups: number;
  backupBytes: number;
}

async function storedIn({ query, cwd }: MovedWorld, backups: string): Promise<Stored> {
  const tables = await query<{ name: string }>(
    `select oid::regclass::text as name from pg_class
      where relkind = 'r' and relnamespace = any ('{tn_ledger,${queueSchema}}'::regnamespace[]) order by 1`,
  );
  const counts = tables.map(({ name }) => `select '${name}' as name, count(*)::integer as count from ${name}`);
  const rows = await query<{ name: string; count: number }>(counts.join(' union all '));
  const [sizes] = await query<Pick<Stored, 'stagingTables' | 'databaseBytes'>>(`
    select pg_database_size(current_database())::integer as "databaseBytes", (select count(*) from pg_class
             where relkind = 'r' and relnamespace = to_regnamespace('tn_ledger_staging'))::integer as "stagingTables"`);
  const inData = await filesIn(join(cwd, 'data'));
  const inBackups = await filesIn(backups);
  const folders = await readdir(backups);
  const isUnfinished = (name: string) => name.endsWith('.tmp');
  return {
    ...(sizes as Pick<Stored, 'stagingTables' | 'databaseBytes'>),
    rows: Object.fromEntries(rows.map(({ name, count }) => [name, count])),
    dataBytes: bytesOf(inData),
    reports: inData.filter(({ path }) => path.endsWith('.html')).length,
    backups: folders.filter((name) => !isUnfinished(name)).length,
    unfinishedBackups: folders.filter(isUnfinished).length,
    backupBytes: bytesOf(inBackups),
  };
}

async function filesIn(folder: string): Promise<{ path: string; size: number }[]> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((each) => each.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name));
  return Promise.all(paths.map(async (path) => ({ path, size: (await stat(path)).size })));
}

/** Files that have the time of the moved clocks, not of the machine: their age determines when they are removed. */
const dated = new Set<string>();

async function dateFiles({ cwd, now }: MovedWorld): Promise<void> {
  for (const { path } of await filesIn(join(cwd, 'data'))) {
    if (!dated.has(path)) await utimes(path, now(), now());
    dated.add(path);
  }
}

const bytesOf = (files: readonly { size: number }[]) => files.reduce((sum, { size }) => sum + size, 0);

/** How many times as much a table may have after the thirtieth night as after the tenth; the others don't grow. */
function growthOf(table: string): number {
  // What was sent is kept for 30 days, planned nights for 14, and billing forever unless a setting says otherwise.
  if (table === 'alerts' || /billing/.test(table)) return 3;
  return table === `${queueSchema}.job_common` ? 1.5 : 1;
}

function checkStored(t: ExecutionContext, tenth: Stored, last: Stored): void {
  const [before, after] = [tenth, last].map(({ rows }) => {
    const counts: Record<string, number> = {};
    for (const [name, count] of Object.entries(rows)) {
      const table = name.replace(/__.*/, '');
      counts[table] = (counts[table] ?? 0) + count;
    }
    return counts;
  }) as [Record<string, number>, Record<string, number>];
  let added = 0;
  for (const [table, count] of Object.entries(after)) {
    const early = before[table] ?? 0;
    t.true(count <= growthOf(table) * early, `${table}: ${early} ${count}`);
    added += Math.max(0, count - early);
  }
  t.true(last.databaseBytes <= 1.1 * tenth.databaseBytes, `${tenth.databaseBytes} ${last.databaseBytes}`);
  t.true(last.dataBytes <= 1.1 * tenth.dataBytes, `${tenth.dataBytes} ${last.dataBytes}`);
  // A backup is compressed.
  t.true(
    last.backupBytes <= tenth.backupBytes + 100 * kept.backups * added,
    `${tenth.backupBytes} ${last.backupBytes}`,
  );
  t.is(last.backups, kept.backups);
  t.is(last.stagingTables + last.unfinishedBackups, 0);
}

/** Short times for everything that is kept for a while, so that thirty nights are long. */
const retention = (backups: string) => ({
  TN_LEDGER_BACKUP_DIR: backups,
  TN_LEDGER_KEEP_BACKUPS: String(kept.backups),
  TN_LEDGER_KEEP_RUNS: String(kept.days),
  TN_LEDGER_KEEP_REPORTS: String(kept.days),
  TN_LEDGER_KEEP_ARCHIVES: String(kept.days),
});

/** A night that is over. */
interface EndedNight {
  due: number;
  /** When the next one was due. */
  next: number;
  scenario: Scenario;
  stored: Stored;
}

/** Each planned night has one run that succeeded, or a failure with its cause and a fix, and no other night was planned. */
function checkNights(t: ExecutionContext, nights: readonly EndedNight[], { runs, planned, skipped }: Records): void {
  const expected = nights.flatMap(({ due }) => accounts.map((account) => nightKey(due, account)));
  t.deepEqual([...planned.keys(), ...skipped].sort(), expected.sort());
  for (const { due, next, scenario } of nights) {
    for (const account of accounts) {
      const key = nightKey(due, account);
      const where = `${key}: ${scenario.name}`;
      const night = planned.get(key);
      const ofNight = [...runs.values()].filter(
        (run) => run.account_id === account && run.started_at.getTime() >= due && run.started_at.getTime() < next,
      );
      const state = scenario.states?.[account] ?? 'done';
      // If the next night is skipped, this one goes on in its place, with the data of that day.
      const goesOn = state === 'replaced' && skipped.has(nightKey(next, account));
      if (!skipped.has(key)) t.is(night?.state, goesOn ? 'done' : state, where);
      const succeeded = ofNight.filter(({ job, status }) => job === 'nightly' && status === 'succeeded');
      // The run that accepted the shrunk list was started by hand.
      t.is(succeeded.length, state === 'done' || scenario.end === acceptShrink ? 1 : 0, where);
      if (state === 'done') continue;
      const failures = ofNight.filter(({ status, job }) => status === 'failed' && job !== 'nightly');
      const explained = [...failures, ...(night?.unrecorded ? [night.unrecorded] : [])];
      t.true(explained.length > 0, where);
      for (const { cause, hint } of explained) t.true(Boolean(cause) && Boolean(hint), `${where} ${cause} ${hint}`);
    }
  }
  t.deepEqual(
    [...runs.values()].filter(({ status }) => status === 'running').map(({ run_id }) => run_id),
    [],
  );
}

/** At most one alert for a cause within a day until it is over, what was to be alerted was, and all that ended is reported. */
function checkAlerts(t: ExecutionContext, messages: readonly AlertMessage[], nights: readonly EndedNight[]): void {
  /** When each cause was last alerted, and for which runs, until its recovery. */
  const open = new Map<string, { at: number; runs: Set<string> }>();
  // While the database can't be used, every job fails; what recovers is the database.
  const runOf = ({ account, job }: { account: string; job: string }) =>
    job === 'every job' ? 'the database ' : `${job} ${account}`;
  for (const { event, title, time, problems } of messages) {
    const at = Date.parse(time);
    if (event === 'failure') {
      const [, shared] = /^(the .+ is not available|a clock is wrong): /.exec(title) ?? [];
      for (const problem of problems) {
        const cause = shared ?? `${runOf(problem)} ${problem.error?.replace(/\d[\d.,]*/g, '#')}`;
        const last = open.get(cause);
        if (last !== undefined && last.at < at) t.true(at - last.at >= 24 * hour, `${time} ${cause} again`);
        open.set(cause, { at, runs: new Set([...(last?.runs ?? []), runOf(problem)]) });
      }
    }
    if (event === 'recovery') {
      const recovered = new Set(problems.map(runOf));
      for (const [cause, { runs }] of open) if ([...runs].some((run) => recovered.has(run))) open.delete(cause);
    }
  }
  t.deepEqual([...open.keys()], [], 'without a recovery');
  for (const { due, next, scenario } of nights) {
    const isNew = ({ since }: { since: string }) => Date.parse(since) >= due;
    const titles = messages
      .filter(({ event, time }) => event === 'failure' && Date.parse(time) >= due && Date.parse(time) < next)
      .filter(({ problems }) => problems.some(isNew))
      .map(({ title }) => title);
    const where = `${new Date(due).toISOString()} ${scenario.name}: ${titles.join('; ')}`;
    if (scenario.alert === undefined) t.deepEqual(titles, [], where);
    else
      t.true(
        titles.some((title) => scenario.alert?.test(title)),
        where,
      );
  }
}

/** One pair of pings per night. */
function checkPings(
  t: ExecutionContext,
  { pings }: MovedWorld,
  nights: readonly EndedNight[],
  { planned }: Records,
): void {
  const paths = nights.flatMap(({ due }) => {
    const states = accounts.flatMap((account) => planned.get(nightKey(due, account))?.state ?? []);
    return states.length === 0 ? [] : ['/ping/start', `/ping/${states.every((state) => state === 'done') ? 0 : 1}`];
  });
  t.deepEqual(
    pings.map(({ path }) => path),
    paths,
  );
}

/** What is kept for a while doesn't grow after that while. */
function checkSizes(t: ExecutionContext, nights: readonly EndedNight[], { runs }: Records): void {
  const jobsWithAccounts = new Set([...runs.values()].map(({ job, account_id }) => `${job} ${account_id}`)).size;
  for (const { due, next, stored } of nights) {
    const { rows } = stored;
    const where = `${new Date(due).toISOString()} ${JSON.stringify(stored)}`;
    const oldest = next - (kept.days + 2) * 24 * hour;
    const recent = [...runs.values()].filter(({ started_at }) => started_at.getTime() > oldest);
    // The last two, the last two successful ones, and two for the changes of a night stay, however old.
    t.true((rows.sync_runs as number) <= recent.length + 6 * jobsWithAccounts, where);
    t.true((rows[`${queueSchema}.job_common`] as number) <= accounts.length * queueDays, where);
    t.true((rows.request_permits as number) + (rows.request_waiters as number) < 200, where);
    // A list that was not read to its end is kept until it is.
    t.true(stored.stagingTables <= jobsWithAccounts, where);
    t.true(stored.reports <= accounts.length + recent.filter(({ job }) => job === 'write-report').length, where);
    t.true(stored.backups <= kept.backups, where);
    // The processes of at most three nights of a sequence are killed.
    t.true(stored.unfinishedBackups <= 3, where);
  }
  t.is(nights.at(-1)?.stored.stagingTables, 0);
}

async function ledgerLinesOf({ query }: MovedWorld, account: string): Promise<string[]> {
  const rows = await query(
    `select telephone_number, status, rate_center, vendor_id, tier from telephone_numbers
      where account_id = $1 and removed_at is null order by telephone_number collate "C"`,
    [account],
  );
  return rows.map((row) => Object.values(row).join('|'));
}

function shuffled<T>(random: (bound: number) => number, items: readonly T[]): T[] {
  const left = [...items];
  return items.map(() => left.splice(random(left.length), 1)[0] as T);
}
