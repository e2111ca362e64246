import { mock } from 'node:test';
import test from 'ava';
import { createTask } from 'node-cron';
import { createTimetable, scheduleProblem } from '../src/timetable.js';
import { formatInZone, wallTimeAt } from '../src/wall-clock.js';
import fc, { cases } from './support/fast-check.js';

const newYork = 'America/New_York';
const dayMs = 86_400_000;
const isos = (dates: readonly Date[]) => dates.map((date) => date.toISOString().slice(0, 16));

test('2:00 in New York runs at 3:00 when daylight saving begins, and once when it ends', (t) => {
  const timetable = createTimetable('0 2 * * *', newYork);
  t.deepEqual(isos(timetable.upcoming(new Date('2027-03-12T12:00Z'), 3)), [
    '2027-03-13T07:00',
    '2027-03-14T07:00', // 2:00 does not exist: 3:00 EDT
    '2027-03-15T06:00',
  ]);
  t.deepEqual(isos(timetable.upcoming(new Date('2026-10-31T00:00Z'), 3)), [
    '2026-10-31T06:00',
    '2026-11-01T07:00',
    '2026-11-02T07:00',
  ]);
});

test('1:30 in New York runs only at its first occurrence when daylight saving ends', (t) => {
  const timetable = createTimetable('30 1 * * *', newYork);
  const [first, second] = timetable.upcoming(new Date('2026-11-01T00:00Z'), 2);
  t.is(first?.toISOString(), '2026-11-01T05:30:00.000Z');
  t.is(second?.toISOString(), '2026-11-02T06:30:00.000Z');
  // Between the two occurrences of 1:30, and after the second.
  for (const moment of ['2026-11-01T05:30:00.001Z', '2026-11-01T06:30:00Z', '2026-11-01T06:31:00Z']) {
    t.deepEqual(timetable.next(new Date(moment)), second, moment);
    t.deepEqual(timetable.previous(new Date(moment)), first, moment);
  }
});

test('previous() includes the given time, and next() excludes it', (t) => {
  const timetable = createTimetable('15 3 * * 1', 'Asia/Kolkata');
  const moment = timetable.next(new Date('2026-01-01')) as Date;
  t.is(formatInZone(moment, 'Asia/Kolkata'), '2026-01-05 03:15 GMT+5:30 (2026-01-04 21:45 UTC)');
  t.deepEqual(timetable.previous(moment), moment);
  t.is(timetable.next(moment)?.getTime(), moment.getTime() + 7 * dayMs);
  t.is(timetable.previous(new Date(moment.getTime() - 1))?.getTime(), moment.getTime() - 7 * dayMs);
});

test('in a zone that skipped a whole day, the run of that day does not coincide with the next one', (t) => {
  // Apia skipped December 30, 2011.
  const timetable = createTimetable('0 2 * * *', 'Pacific/Apia');
  t.deepEqual(isos(timetable.upcoming(new Date('2011-12-28T20:00Z'), 3)), [
    '2011-12-29T12:00',
    '2011-12-30T12:00',
    '2011-12-31T12:00',
  ]);
});

test('property: in any zone and year, a time of day occurs once per date, at its first occurrence', (t) => {
  const quarterHours = fc.integer({ min: 0, max: 95 });
  fc.assert(
    fc.property(
      fc.constantFrom(...Intl.supportedValuesOf('timeZone')),
      fc.integer({ min: 2012, max: 2037 }),
      quarterHours,
      (zone, year, quarter) => {
        const [hour, minute] = [Math.floor(quarter / 4), (quarter % 4) * 15];
        const timetable = createTimetable(`${minute} ${hour} * * *`, zone);
        const runs: number[] = [];
        // Start and end fall between two runs, a whole number of days apart.
        const begin = Date.UTC(year, 0, 1) + ((hour * 60 + minute) * 60_000 + dayMs / 2);
        for (const run of timetable.upcoming(new Date(begin), 366)) runs.push(run.getTime());
        for (const [index, run] of runs.entries()) {
          const previous = runs[index - 1];
          // Runs are a day apart, plus or minus the change of the offset.
          if (previous !== undefined && Math.abs(run - previous - dayMs) > 3 * 3_600_000) return false;
          const shown = wallTimeAt(run, zone) % dayMs === (hour * 60 + minute) * 60_000;
          const wanted = wallTimeAt(run, zone) - (wallTimeAt(run, zone) % dayMs) + (hour * 60 + minute) * 60_000;
          // Brute force: check every quarter hour around it for this date and local time.
          const usual = previous === undefined || run - previous === dayMs;
          if (usual && shown) continue;
          const showing: number[] = [];
          for (let moment = run - dayMs; moment <= run + dayMs; moment += 900_000) {
            if (wallTimeAt(moment, zone) === wanted) showing.push(moment);
          }
          if (shown ? showing[0] !== run : showing.length > 0) return false;
        }
        return runs.length === 366;
      },
    ),
    cases({ test: 8, soak: 25 }),
  );
  t.pass();
});

test('property: without daylight saving, the times match those that node-cron finds', (t) => {
  const field = (min: number, max: number) =>
    fc.oneof(
      fc.constant('*'),
      fc.integer({ min, max }).map(String),
      fc
        .tuple(fc.integer({ min, max }), fc.integer({ min, max }))
        .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
      fc.integer({ min: 2, max: 9 }).map((step) => `*/${step}`),
      fc.tuple(fc.integer({ min, max }), fc.integer({ min, max })).map(([a, b]) => `${a},${b}`),
    );
  const dayOfMonth = fc.oneof(field(1, 28), fc.constantFrom('L', '15W', 'L-2', '?'));
  const dayOfWeek = fc.oneof(field(0, 6), fc.constantFrom('mon-fri', '5L', '1#2', '7', '?'));
  const month = fc.oneof(field(1, 12), fc.constantFrom('jan,jul', '*'));
  const expression = fc
    .tuple(field(0, 59), field(0, 23), dayOfMonth, month, dayOfWeek)
    .map((fields) => fields.join(' '));
  const moment = fc.date({ min: new Date('2020-01-01'), max: new Date('2030-01-01'), noInvalidDate: true });
  mock.timers.enable({ apis: ['Date'] });
  t.teardown(() => mock.timers.reset());
  fc.assert(
    fc.property(fc.oneof(expression, fc.constantFrom('@daily', '@weekly')), moment, (text, now) => {
      fc.pre(scheduleProblem(text) === undefined); // a 1st that is also the last Friday never comes
      mock.timers.setTime(now.getTime());
      const task = createTask(text, () => undefined, { timezone: 'Etc/GMT-5' });
      const expected = task.getNextRuns(3).map((date) => date.getTime());
      void task.destroy();
      const timetable = createTimetable(text, 'Etc/GMT-5');
      const found = timetable.upcoming(now, 3).map((date) => date.getTime());
      const back = timetable.previous(new Date((expected[2] as number) - 1))?.getTime();
      return JSON.stringify(found) === JSON.stringify(expected) && back === expected[1];
    }),
    cases({ test: 40, soak: 80 }),
  );
  t.pass();
});

test('an invalid schedule is reported with the reason and an example', (t) => {
  const example = 'such as 0 2 * * * (daily at 2:00)';
  for (const [expression, problem] of [
    ['0 2 * *', `must be a five-field cron expression, ${example}, but has 4 fields`],
    ['0 0 2 * * *', `has a field for seconds: it must be a five-field cron expression, ${example}`],
    ['0 25 * * *', `must be a cron expression, ${example}: 25 is an invalid expression for hour`],
    ['0 2 30 2 *', `must be a cron expression, ${example}: 30 2 is an impossible day of month for the given month`],
    ['0 2 29 2 1#1', `never matches any date: it must be a cron expression, ${example}`],
    ['@nightly', `must be a cron expression, ${example}: pattern includes illegal characters`],
  ] as const) {
    t.is(scheduleProblem(expression), problem);
  }
  for (const expression of ['0 2 * * *', '@daily', '*/15 * * * *', '0 2 29 2 1', '0 2 L * MON-FRI', ' 0  2 * * * ']) {
    t.is(scheduleProblem(expression), undefined, expression);
  }
});
