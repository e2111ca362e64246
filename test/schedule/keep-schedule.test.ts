import { mock } from 'node:test';
import test from 'ava';
import { type Clock, systemClock } from '../../src/schedule/clock.js';
import { keepSchedule, type Night, type ScheduleOptions } from '../../src/schedule/keep-schedule.js';
import { createTimetable } from '../../src/schedule/timetable.js';

const minuteMs = 60_000;
const newYork = 'America/New_York';

/** A clock that stands until it is moved. */
function createMovedClock(start: string) {
  let now = Date.parse(start);
  const ticks = new Set<() => void>();
  const clock: Clock = {
    now: () => new Date(now),
    everyMinute(tick) {
      ticks.add(tick);
      return () => void ticks.delete(tick);
    },
  };
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    clock,
    ticks,
    settle,
    /** Nobody is woken on the way: the machine sleeps, or its clock is set. */
    async jumpTo(moment: string) {
      now = Date.parse(moment);
      for (const tick of ticks) tick();
      await settle();
    },
    /** Minute by minute. */
    async runTo(moment: string) {
      for (const end = Date.parse(moment); now < end; ) {
        now += minuteMs;
        for (const tick of ticks) tick();
        await settle();
      }
    },
  };
}

/** A schedule kept by a clock that starts at the moment; `runNight` ends at once unless told. */
function keep(start: string, options: Partial<ScheduleOptions> & { expression?: string; timezone?: string } = {}) {
  const { expression = '0 2 * * *', timezone = newYork, ...rest } = options;
  const moved = createMovedClock(start);
  const nights: string[] = [];
  const told: string[] = [];
  const tell = (level: string) => (text: unknown) => void told.push(`${level}: ${text}`);
  const end = new AbortController();
  const kept = keepSchedule({
    timetable: createTimetable(expression, timezone),
    clock: moved.clock,
    catchUp: true,
    describe: (due) => due.toISOString(),
    describeError: (error) => String(error),
    log: { info: tell('info'), warn: tell('warn'), error: tell('error') },
    signal: end.signal,
    ...rest,
    runNight: async (night) => {
      nights.push(`${night.due.toISOString().slice(0, 16)}${night.missed ? ' missed' : ''}`);
      return (await rest.runNight?.(night)) ?? true;
    },
  });
  return { ...moved, kept, nights, told, end };
}

for (const [title, from, to, expression, timezone] of [
  ['2:00 in New York', ['2026-10-18T18:00Z', '2027-03-07T18:00Z'], 15, '0 2 * * *', newYork],
  ['1:30 in New York', ['2026-10-18T18:00Z', '2027-03-07T18:00Z'], 15, '30 1 * * *', newYork],
  ['2:30 in Berlin', ['2026-10-18T18:00Z', '2027-03-21T18:00Z'], 15, '30 2 * * *', 'Europe/Berlin'],
  [
    'midnight in Cairo, where clocks change at midnight',
    ['2026-10-23T12:00Z', '2026-04-17T12:00Z'],
    15,
    '@daily',
    'Africa/Cairo',
  ],
  [
    '2:10 on Lord Howe Island, where they change by half an hour',
    ['2026-03-29T06:00Z', '2026-09-27T06:00Z'],
    15,
    '10 2 * * *',
    'Australia/Lord_Howe',
  ],
] as const) {
  test(`30 nights at ${title}, over both changes of the clocks, are 30 runs`, async (t) => {
    const dates = new Set<string>();
    let count = 0;
    for (const start of from) {
      const schedule = keep(start, { expression, timezone, catchUp: false });
      await schedule.runTo(new Date(Date.parse(start) + to * 86_400_000).toISOString());
      schedule.end.abort();
      await schedule.kept;
      t.deepEqual(schedule.told, []);
      count += schedule.nights.length;
      for (const night of schedule.nights) {
        dates.add(new Intl.DateTimeFormat('en-CA', { timeZone: timezone }).format(new Date(`${night}Z`)));
      }
    }
    t.is(count, 30);
    t.is(dates.size, 30);
  });
}

test.serial(
  'the system clock wakes the schedule at the start of every minute, and not once more when it is over',
  async (t) => {
    mock.timers.enable({ apis: ['Date', 'setTimeout'], now: Date.parse('2027-03-14T06:57:12.345Z') });
    t.teardown(() => mock.timers.reset());
    const ticks: string[] = [];
    const nights: string[] = [];
    const end = new AbortController();
    const kept = keepSchedule({
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
      runNight: async ({ due }) => nights.push(`${due.toISOString().slice(0, 16)} at ${new Date().toISOString()}`) > 0,
    });
    for (let second = 0; second < 240; second++) {
      mock.timers.tick(1000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    t.deepEqual(ticks, ['06:58:00', '06:59:00', '07:00:00', '07:01:00']);
    t.deepEqual(nights, ['2027-03-14T07:00 at 2027-03-14T07:00:00.345Z']);
    end.abort();
    await kept;
    mock.timers.tick(600_000);
    t.is(ticks.length, 4);
  },
);

test('at the start, the last night that was due is looked after once, and with --no-catch-up not at all', async (t) => {
  const schedule = keep('2026-07-10T15:00Z');
  await schedule.runTo('2026-07-11T05:59Z');
  t.deepEqual(schedule.nights, ['2026-07-10T06:00 missed']);
  await schedule.runTo('2026-07-11T15:00Z');
  t.deepEqual(schedule.nights, ['2026-07-10T06:00 missed', '2026-07-11T06:00']);
  const without = keep('2026-07-10T15:00Z', { catchUp: false });
  await without.runTo('2026-07-11T15:00Z');
  t.deepEqual(without.nights, ['2026-07-11T06:00']);
});

test('of the nights that a machine slept through, the last is made up when it wakes, and with --no-catch-up none', async (t) => {
  const schedule = keep('2026-07-10T05:00Z', { catchUp: false });
  const catching = keep('2026-07-10T05:00Z');
  for (const { runTo, jumpTo } of [schedule, catching]) {
    await runTo('2026-07-10T07:00Z');
    await jumpTo('2026-07-14T15:03Z');
    await runTo('2026-07-15T07:00Z');
  }
  t.deepEqual(schedule.nights, ['2026-07-10T06:00', '2026-07-15T06:00']);
  t.deepEqual(schedule.told, [
    'warn: The night of 2026-07-14T06:00:00.000Z was missed, and is not made up because of --no-catch-up',
  ]);
  t.deepEqual(catching.nights.slice(1), ['2026-07-10T06:00', '2026-07-14T06:00 missed', '2026-07-15T06:00']);
});

test('a clock that is put back over the hour does not bring the night a second time', async (t) => {
  const schedule = keep('2026-07-10T05:00Z', { catchUp: false });
  await schedule.runTo('2026-07-10T06:10Z');
  await schedule.jumpTo('2026-07-10T05:30Z');
  await schedule.runTo('2026-07-11T05:00Z');
  t.deepEqual(schedule.nights, ['2026-07-10T06:00']);
});

test('a clock that was days ahead and is put right does not silence the nights until then', async (t) => {
  const schedule = keep('2026-07-10T05:00Z', { catchUp: false });
  await schedule.runTo('2026-07-10T06:10Z');
  await schedule.jumpTo('2026-07-15T05:59Z');
  await schedule.runTo('2026-07-15T06:10Z');
  await schedule.jumpTo('2026-07-10T06:20Z');
  await schedule.runTo('2026-07-12T06:10Z');
  t.deepEqual(schedule.nights, ['2026-07-10T06:00', '2026-07-15T06:00', '2026-07-11T06:00', '2026-07-12T06:00']);
  t.is(schedule.told.filter((line) => line.includes('The clock was set back by 431400 s')).length, 1);
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

test('a night that is still running when the next one is due is not started twice', async (t) => {
  let finish = () => {};
  const schedule = keep('2026-07-10T05:00Z', {
    catchUp: false,
    runNight: () =>
      new Promise((resolve) => {
        finish = () => resolve(true);
      }),
  });
  await schedule.runTo('2026-07-11T06:30Z');
  t.deepEqual(schedule.nights, ['2026-07-10T06:00']);
  t.deepEqual(schedule.told, [
    'warn: The night of 2026-07-11T06:00:00.000Z is not started: the one before it is still running',
  ]);
  finish();
  await schedule.runTo('2026-07-12T06:30Z');
  t.deepEqual(schedule.nights, ['2026-07-10T06:00', '2026-07-12T06:00']);
});

test('looking after a missed night that was run after all does not put off the one that is due', async (t) => {
  const schedule = keep('2026-07-10T05:59:30Z', { runNight: async ({ missed }) => !missed });
  await schedule.settle();
  await schedule.jumpTo('2026-07-10T06:00Z');
  t.deepEqual(schedule.nights, ['2026-07-09T06:00 missed', '2026-07-10T06:00']);
});

test('nights that follow closely leave a minute between them, so that the ceiling of requests holds', async (t) => {
  let finish = () => {};
  const schedule = keep('2026-07-10T05:00Z', {
    catchUp: false,
    expression: '* * * * *',
    runNight: () =>
      new Promise((resolve) => {
        finish = () => resolve(true);
      }),
  });
  await schedule.jumpTo('2026-07-10T05:01Z');
  await schedule.jumpTo('2026-07-10T05:01:30Z');
  finish();
  await schedule.settle();
  await schedule.jumpTo('2026-07-10T05:02Z');
  t.deepEqual(schedule.nights, ['2026-07-10T05:01']);
  await schedule.jumpTo('2026-07-10T05:03Z');
  t.deepEqual(schedule.nights, ['2026-07-10T05:01', '2026-07-10T05:03']);
  t.deepEqual(schedule.told, []);
});

test('a night that cannot begin is tried again every five minutes, until it does or the next one is due', async (t) => {
  let failures = 3;
  const runNight = async ({ missed }: Night) => {
    if (!missed && failures-- > 0) throw new Error('no database');
    return true;
  };
  const schedule = keep('2026-07-10T05:00Z', { catchUp: false, runNight });
  await schedule.runTo('2026-07-10T12:00Z');
  t.deepEqual(schedule.nights, Array(4).fill('2026-07-10T06:00'));
  t.deepEqual(
    schedule.told,
    Array(3).fill(
      'error: The night of 2026-07-10T06:00:00.000Z could not begin; trying again in 5 minutes. Error: no database',
    ),
  );
  failures = Number.POSITIVE_INFINITY;
  await schedule.runTo('2026-07-12T05:59Z');
  const before = schedule.nights.length;
  t.is(schedule.nights.at(-1), '2026-07-11T06:00');
  await schedule.runTo('2026-07-12T06:04Z');
  t.is(schedule.nights[before], '2026-07-12T06:00');
  failures = 0;
  await schedule.runTo('2026-07-12T20:00Z');
  t.is(schedule.nights.at(-1), '2026-07-12T06:00');
  t.is(schedule.nights.length, before + 2);
});

test('where a missed night cannot be looked up, that is said, and tried again', async (t) => {
  let failures = 1;
  const schedule = keep('2026-07-10T15:00Z', {
    runNight: async () => {
      if (failures-- > 0) throw new Error('no database');
      return true;
    },
  });
  await schedule.runTo('2026-07-10T16:00Z');
  t.deepEqual(schedule.nights, Array(2).fill('2026-07-10T06:00 missed'));
  t.regex(
    schedule.told[0] as string,
    /^error: Whether the night of .+ was missed could not be found out; trying again/,
  );
});

test('it ends when it is told to: at once between nights, else when the night has ended', async (t) => {
  const idle = keep('2026-07-10T05:00Z', { catchUp: false });
  idle.end.abort();
  await idle.kept;
  t.is(idle.ticks.size, 0);

  let finish = () => {};
  const busy = keep('2026-07-10T05:59Z', {
    catchUp: false,
    runNight: () =>
      new Promise((resolve) => {
        finish = () => resolve(true);
      }),
  });
  await busy.runTo('2026-07-10T06:00Z');
  let isOver = false;
  void busy.kept.then(() => {
    isOver = true;
  });
  busy.end.abort();
  await busy.settle();
  t.false(isOver);
  finish();
  await busy.kept;
  t.deepEqual(busy.nights, ['2026-07-10T06:00']);
});
