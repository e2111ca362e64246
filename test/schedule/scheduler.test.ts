import { mock } from 'node:test';
import test from 'ava';
import { systemClock } from '../../src/schedule/clock.js';
import { runScheduler, type ScheduledRun, type SchedulerOptions } from '../../src/schedule/scheduler.js';
import { createTimetable } from '../../src/timetable.js';
import { createManualClock } from './support/manual-clock.js';

const newYork = 'America/New_York';

/** Starts a scheduler with a manual clock; by default, `plan` returns immediately. */
function startScheduler(
  start: string,
  options: Partial<SchedulerOptions> & { expression?: string; timezone?: string } = {},
) {
  const { expression = '0 2 * * *', timezone = newYork, ...rest } = options;
  const moved = createManualClock(start);
  const runs: string[] = [];
  const logged: string[] = [];
  const record = (level: string) => (text: unknown) => void logged.push(`${level}: ${text}`);
  const end = new AbortController();
  const done = runScheduler({
    timetable: createTimetable(expression, timezone),
    clock: moved.clock,
    catchUp: true,
    describe: (due) => due.toISOString(),
    describeError: (error) => String(error),
    log: { info: record('info'), warn: record('warn'), error: record('error') },
    signal: end.signal,
    ...rest,
    plan: async (run) => {
      runs.push(`${run.due.toISOString().slice(0, 16)}${run.missed ? ' missed' : ''}`);
      return (await rest.plan?.(run)) ?? true;
    },
  });
  return { ...moved, done, runs, logged, end };
}

for (const [title, from, to, expression, timezone] of [
  ['2:00 in New York', ['2026-10-18T18:00Z', '2027-03-07T18:00Z'], 15, '0 2 * * *', newYork],
  ['1:30 in New York', ['2026-10-18T18:00Z', '2027-03-07T18:00Z'], 15, '30 1 * * *', newYork],
  ['2:30 in Berlin', ['2026-10-18T18:00Z', '2027-03-21T18:00Z'], 15, '30 2 * * *', 'Europe/Berlin'],
  [
    'midnight in Cairo, where the offset changes at midnight',
    ['2026-10-23T12:00Z', '2026-04-17T12:00Z'],
    15,
    '@daily',
    'Africa/Cairo',
  ],
  [
    '2:10 on Lord Howe Island, where the offset changes by half an hour',
    ['2026-03-29T06:00Z', '2026-09-27T06:00Z'],
    15,
    '10 2 * * *',
    'Australia/Lord_Howe',
  ],
] as const) {
  test(`30 days across both daylight saving changes are 30 runs: ${title}`, async (t) => {
    const dates = new Set<string>();
    let count = 0;
    for (const begin of from) {
      const schedule = startScheduler(begin, { expression, timezone, catchUp: false });
      await schedule.runTo(new Date(Date.parse(begin) + to * 86_400_000).toISOString());
      schedule.end.abort();
      await schedule.done;
      t.deepEqual(schedule.logged, []);
      count += schedule.runs.length;
      for (const run of schedule.runs) {
        dates.add(new Intl.DateTimeFormat('en-CA', { timeZone: timezone }).format(new Date(`${run}Z`)));
      }
    }
    t.is(count, 30);
    t.is(dates.size, 30);
  });
}

test.serial('the system clock ticks at the start of every minute until the scheduler stops', async (t) => {
  mock.timers.enable({ apis: ['Date', 'setTimeout'], now: Date.parse('2027-03-14T06:57:12.345Z') });
  t.teardown(() => mock.timers.reset());
  const ticks: string[] = [];
  const runs: string[] = [];
  const end = new AbortController();
  const done = runScheduler({
    timetable: createTimetable('0 2 * * *', newYork),
    clock: {
      ...systemClock,
      everyMinute: (tick) =>
        systemClock.everyMinute(() => {
          ticks.push(new Date().toISOString().slice(11, 19));
          tick();
        }),
    },
    catchUp: false,
    describe: String,
    describeError: String,
    log: { info: t.fail, warn: t.fail, error: t.fail },
    signal: end.signal,
    plan: async ({ due }) => runs.push(`${due.toISOString().slice(0, 16)} at ${new Date().toISOString()}`) > 0,
  });
  for (let second = 0; second < 240; second++) {
    mock.timers.tick(1000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.deepEqual(ticks, ['06:58:00', '06:59:00', '07:00:00', '07:01:00']);
  t.deepEqual(runs, ['2027-03-14T07:00 at 2027-03-14T07:00:00.345Z']);
  end.abort();
  await done;
  mock.timers.tick(600_000);
  t.is(ticks.length, 4);
});

test('at the start, the last scheduled run is caught up once, unless --no-catch-up', async (t) => {
  const schedule = startScheduler('2026-07-10T15:00Z');
  await schedule.runTo('2026-07-11T05:59Z');
  t.deepEqual(schedule.runs, ['2026-07-10T06:00 missed']);
  await schedule.runTo('2026-07-11T15:00Z');
  t.deepEqual(schedule.runs, ['2026-07-10T06:00 missed', '2026-07-11T06:00']);
  const without = startScheduler('2026-07-10T15:00Z', { catchUp: false });
  await without.runTo('2026-07-11T15:00Z');
  t.deepEqual(without.runs, ['2026-07-11T06:00']);
});

test('after the machine slept through several runs, only the last is caught up, unless --no-catch-up', async (t) => {
  const schedule = startScheduler('2026-07-10T05:00Z', { catchUp: false });
  const catching = startScheduler('2026-07-10T05:00Z');
  for (const { runTo, jumpTo } of [schedule, catching]) {
    await runTo('2026-07-10T07:00Z');
    await jumpTo('2026-07-14T15:03Z');
    await runTo('2026-07-15T07:00Z');
  }
  t.deepEqual(schedule.runs, ['2026-07-10T06:00', '2026-07-15T06:00']);
  t.deepEqual(schedule.logged, [
    'warn: The nightly run of 2026-07-14T06:00:00.000Z was missed and is not caught up because of --no-catch-up',
  ]);
  t.deepEqual(catching.runs.slice(1), ['2026-07-10T06:00', '2026-07-14T06:00 missed', '2026-07-15T06:00']);
});

test('a clock set back past the scheduled time does not repeat the run', async (t) => {
  const schedule = startScheduler('2026-07-10T05:00Z', { catchUp: false });
  await schedule.runTo('2026-07-10T06:10Z');
  await schedule.jumpTo('2026-07-10T05:30Z');
  await schedule.runTo('2026-07-11T05:00Z');
  t.deepEqual(schedule.runs, ['2026-07-10T06:00']);
});

test('correcting a clock that was days ahead does not suppress the runs until then', async (t) => {
  const schedule = startScheduler('2026-07-10T05:00Z', { catchUp: false });
  await schedule.runTo('2026-07-10T06:10Z');
  await schedule.jumpTo('2026-07-15T05:59Z');
  await schedule.runTo('2026-07-15T06:10Z');
  await schedule.jumpTo('2026-07-10T06:20Z');
  await schedule.runTo('2026-07-12T06:10Z');
  t.deepEqual(schedule.runs, ['2026-07-10T06:00', '2026-07-15T06:00', '2026-07-11T06:00', '2026-07-12T06:00']);
  t.is(schedule.logged.filter((line) => line.includes('The clock was set back by 431400 s')).length, 1);
});

test.serial('the system clock keeps ticking when the wall clock is set back', (t) => {
  let wall = Date.parse('2027-03-14T06:57:12.345Z');
  const wallClock = mock.method(Date, 'now', () => wall);
  mock.timers.enable({ apis: ['setTimeout'] });
  t.teardown(() => {
    mock.timers.reset();
    wallClock.mock.restore();
  });
  let ticks = 0;
  const stop = systemClock.everyMinute(() => {
    ticks += 1;
  });
  mock.timers.tick(60_000);
  t.is(ticks, 1);
  wall -= 5 * 86_400_000;
  for (let second = 0; second < 120; second++) mock.timers.tick(1000);
  t.true(ticks >= 3, `${ticks} ticks`);
  stop();
});

test('a run that is due while the previous one is still being planned is planned next', async (t) => {
  let finish = () => {};
  const schedule = startScheduler('2026-07-10T05:00Z', {
    catchUp: false,
    plan: () =>
      new Promise((resolve) => {
        finish = () => resolve(true);
      }),
  });
  await schedule.runTo('2026-07-11T06:30Z');
  t.deepEqual(schedule.runs, ['2026-07-10T06:00']);
  finish();
  await schedule.runTo('2026-07-11T06:32Z');
  t.deepEqual(schedule.runs, ['2026-07-10T06:00', '2026-07-11T06:00']);
  t.deepEqual(schedule.logged, []);
});

test('checking a missed run that another process ran does not delay the next run', async (t) => {
  const schedule = startScheduler('2026-07-10T05:59:30Z', { plan: async ({ missed }) => !missed });
  await schedule.settle();
  await schedule.jumpTo('2026-07-10T06:00Z');
  t.deepEqual(schedule.runs, ['2026-07-09T06:00 missed', '2026-07-10T06:00']);
});

test('a run that cannot be planned is retried every five minutes until the next one is due', async (t) => {
  let failures = 3;
  const plan = async ({ missed }: ScheduledRun) => {
    if (!missed && failures-- > 0) throw new Error('no database');
    return true;
  };
  const schedule = startScheduler('2026-07-10T05:00Z', { catchUp: false, plan });
  await schedule.runTo('2026-07-10T12:00Z');
  t.deepEqual(schedule.runs, Array(4).fill('2026-07-10T06:00'));
  t.deepEqual(
    schedule.logged,
    Array(3).fill(
      'error: The nightly run of 2026-07-10T06:00:00.000Z could not be planned; retrying in 5 minutes. Error: no database',
    ),
  );
  failures = Number.POSITIVE_INFINITY;
  await schedule.runTo('2026-07-12T05:59Z');
  const before = schedule.runs.length;
  t.is(schedule.runs.at(-1), '2026-07-11T06:00');
  await schedule.runTo('2026-07-12T06:04Z');
  t.is(schedule.runs[before], '2026-07-12T06:00');
  failures = 0;
  await schedule.runTo('2026-07-12T20:00Z');
  t.is(schedule.runs.at(-1), '2026-07-12T06:00');
  t.is(schedule.runs.length, before + 2);
});

for (const [ahead, from] of [
  ['12 hours', '2026-07-10T20:00Z'],
  ['5 days', '2026-07-15T08:00Z'],
] as const) {
  test(`a run blocked by a clock ${ahead} ahead runs once when it is due by the right clock`, async (t) => {
    let isWrong = true;
    const schedule = startScheduler('2026-07-09T20:00Z', {
      catchUp: false,
      plan: async () => {
        if (isWrong) throw new Error('the clock is ahead');
        return true;
      },
    });
    await schedule.jumpTo(from.replace(/T.*/, 'T05:58Z'));
    await schedule.runTo(from.replace(/T.*/, 'T06:08Z'));
    const refused = schedule.runs.length;
    t.is(refused, 2);
    isWrong = false;
    await schedule.jumpTo('2026-07-09T20:10Z');
    await schedule.runTo('2026-07-12T05:00Z');
    t.deepEqual(schedule.runs.slice(refused), ['2026-07-10T06:00', '2026-07-11T06:00']);
  });
}

test('if the state of a missed run cannot be read, the error is logged and the run is retried', async (t) => {
  let failures = 1;
  const schedule = startScheduler('2026-07-10T15:00Z', {
    plan: async () => {
      if (failures-- > 0) throw new Error('no database');
      return true;
    },
  });
  await schedule.runTo('2026-07-10T16:00Z');
  t.deepEqual(schedule.runs, Array(2).fill('2026-07-10T06:00 missed'));
  t.regex(
    schedule.logged[0] as string,
    /^error: The nightly run of .+, which may have been missed, could not be planned; retrying/,
  );
});

test('the signal stops the scheduler immediately between runs, otherwise after planning the current run', async (t) => {
  const idle = startScheduler('2026-07-10T05:00Z', { catchUp: false });
  idle.end.abort();
  await idle.done;
  t.is(idle.ticks.size, 0);

  let finish = () => {};
  const busy = startScheduler('2026-07-10T05:59Z', {
    catchUp: false,
    plan: () =>
      new Promise((resolve) => {
        finish = () => resolve(true);
      }),
  });
  await busy.runTo('2026-07-10T06:00Z');
  let isOver = false;
  void busy.done.then(() => {
    isOver = true;
  });
  busy.end.abort();
  await busy.settle();
  t.false(isOver);
  finish();
  await busy.done;
  t.deepEqual(busy.runs, ['2026-07-10T06:00']);
});
