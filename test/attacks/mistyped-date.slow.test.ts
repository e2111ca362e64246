import anyTest, { type TestFn } from 'ava';
import { UsageError } from '../../src/errors.js';
import { recordsCsv } from '../../src/sandbox/billing/records.js';
import { type Loader, openLoader } from '../billing/support/load.js';
import { startPostgres, type TestServer } from '../support/postgres.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

/** Call records, the same count each day. */
function calls(rowsPerDay: number, from: string, to: string): string {
  const time = (day: string) => Date.parse(`${day}T00:00:00Z`);
  const range = { from: time(from), to: time(to) };
  return Buffer.concat([...recordsCsv({ seed: 5, account: '9900000', type: 'BDR', rowsPerDay, ...range })]).toString();
}

const october = { from: '2026-10-01', to: '2026-10-31' };
const november = { from: '2026-11-01', to: '2026-11-30' };

const callsAMonth = (loader: Loader) =>
  loader.query(
    `select to_char(call_start_date_time, 'YYYY-MM') as month, count(*)::int as calls from billing_bdr group by 1 order by 1`,
  );
const rejects = (loader: Loader) =>
  loader.query('select file_name, line_number::int as line, reason from billing_rejects order by line_number');

for (const [title, mistyped, day] of [
  ['decades later', '2062/10/01', '2062-10-01'],
  ['a month later', '2026/11/12', '2026-11-12'],
] as const) {
  for (const [how, days] of [
    ['without named days', undefined],
    ['with named days', october],
  ] as const) {
    test(`a row dated ${title} in an archive ${how} is rejected, and the others are loaded`, async (t) => {
      const loader = await openLoader(t, t.context.server);
      for (const each of [october, november]) {
        await loader.load([{ name: 'calls.csv', content: calls(10, each.from, each.to) }], { days: each });
      }
      // It follows a row that spans two lines: the reported line is the line in the file, not the row number.
      const content = calls(11, october.from, october.to)
        .replace('Tier 0', '"Tier\n0"')
        .replace('2026/10/20 ', `${mistyped} `);
      const row = content.split('\n').findIndex((line) => line.includes(mistyped));
      const spec = days === undefined ? {} : { days, otherDays: 'reject' as const };
      // The mistyped row leaves its day with ten rows, as before.
      const loaded = await loader.load([{ name: 'extra.csv', content }], spec);
      t.like(loaded, { rows: 340, rejected: 1, replaced: 310, days: october });
      t.regex(loaded.warnings.join(), /"extra\.csv": 1 row is of days outside 2026-10-01 to 2026-10-31/);
      t.deepEqual(await callsAMonth(loader), [
        { month: '2026-10', calls: 340 },
        { month: '2026-11', calls: 300 },
      ]);
      const rest =
        days === undefined
          ? 'the days of most rows, 2026-10-01 to 2026-10-31'
          : 'the given days, 2026-10-01 to 2026-10-31';
      t.deepEqual(await rejects(loader), [
        { file_name: 'extra.csv', line: row + 1, reason: `its day, ${day}, is outside ${rest}` },
      ]);
    });
  }
}

test('mistyped dates and rows that PostgreSQL refuses are each rejected once', async (t) => {
  const loader = await openLoader(t, t.context.server);
  const content = `CallStartDateTime,Duration,CallID\n${Array.from({ length: 300 }, (_, n) => `2026/10/05 01:00:00 AM,1,${n}\n`).join('')}2062/10/05 01:00:00 AM,x,bad\n20621006T010000Z,2,odd form\n,3,no time\n`;
  const loaded = await loader.load([{ name: 'x.csv', content }]);
  t.like(loaded, { rows: 301, rejected: 2, days: { from: '2026-10-05', to: '2026-10-05' } });
  t.deepEqual(
    (await rejects(loader)).map(({ line, reason }) => [line, reason]),
    [
      [302, 'Duration: invalid input syntax for type integer: "x"'],
      [303, 'its day, 2062-10-06, is outside the days of most rows, 2026-10-05 to 2026-10-05'],
    ],
  );
});

test('an archive with two separate ranges of days is rejected until its days are given', async (t) => {
  const loader = await openLoader(t, t.context.server);
  const content = calls(10, '2026-10-01', '2026-10-05') + calls(9, '2026-10-20', '2026-10-24').replace(/^.*\n/, '');
  await t.throwsAsync(loader.load([{ name: 'x.csv', content }]), {
    instanceOf: UsageError,
    message: /50 are of 2026-10-01 to 2026-10-05 and 45 are of 2026-10-20 to 2026-10-24\. Nothing was changed\./,
  });
  const loaded = await loader.load([{ name: 'x.csv', content }], {
    days: { from: '2026-10-20', to: '2026-10-24' },
    otherDays: 'reject',
  });
  t.like(loaded, { rows: 45, rejected: 50 });
});

test('one or two more days around the range belong to the archive', async (t) => {
  const loader = await openLoader(t, t.context.server);
  const content = calls(10, '2026-10-05', '2026-10-09') + calls(1, '2026-10-12', '2026-10-12').replace(/^.*\n/, '');
  t.like(await loader.load([{ name: 'x.csv', content }]), {
    rows: 51,
    rejected: 0,
    days: { from: '2026-10-05', to: '2026-10-12' },
  });
});

test('an archive with at least as many calls for each of its days replaces them', async (t) => {
  const loader = await openLoader(t, t.context.server);
  await loader.load([{ name: 'calls.csv', content: calls(10, october.from, october.to) }], { days: october });
  const again = await loader.load([{ name: 'calls.csv', content: calls(12, '2026-10-05', '2026-11-03') }]);
  t.like(again, { rows: 360, replaced: 270, days: { from: '2026-10-05', to: '2026-11-03' } });
});

test('a report with fewer rows for any of its days changes nothing unless it is accepted', async (t) => {
  const loader = await openLoader(t, t.context.server);
  await loader.load([{ name: 'calls.csv', content: calls(10, october.from, october.to) }], { days: october });
  const state = () =>
    loader.query('select xmin, call_id from billing_bdr union all select xmin, day::text from sync_billing_days');
  const before = await state();
  const days = { from: '2026-10-30', to: '2026-11-03' };
  const content = calls(99, '2026-10-31', '2026-11-03');
  await t.throwsAsync(loader.load([{ name: 'x.csv', content }], { days }), {
    name: 'FewerRowsError',
    message:
      /^Report \S+ \(BDR 2026-10-30 to 2026-11-03\) of account 9900000 would leave 10 fewer rows \(2026-10-30: 10 before, 0 after\)\. Nothing was changed\.$/,
  });
  await t.throwsAsync(loader.load([{ name: 'x.csv', content: calls(0, '2026-10-31', '2026-10-31') }], { days }), {
    message: /20 fewer rows \(2026-10-30: 10 before, 0 after; 2026-10-31: 10 before, 0 after\)/,
  });
  t.deepEqual(await state(), before);
  t.like(await loader.load([{ name: 'x.csv', content }], { days, acceptShrink: true }), { rows: 396, replaced: 20 });
});

test('the same archive again for fewer days changes nothing unless it is accepted', async (t) => {
  const loader = await openLoader(t, t.context.server);
  const files = [{ name: 'calls.csv', content: calls(10, october.from, october.to) }];
  await loader.load(files, { reportId: 'file-1' });
  const spec = { reportId: 'file-1', days: { from: '2026-10-05', to: '2026-10-10' }, otherDays: 'reject' as const };
  await t.throwsAsync(loader.load(files, spec), {
    message: /would leave 250 fewer rows \(2026-10-01: 10 before, 0 after;/,
  });
  t.like(await loader.load(files, { ...spec, acceptShrink: true }), { rows: 60, rejected: 250 });
});

test('types without a time in their rows are compared as a whole', async (t) => {
  const loader = await openLoader(t, t.context.server);
  const load = (content: string, day: string, to = day) =>
    loader.load([{ name: 'x.csv', content }], { type: 'NOVELTY', days: { from: day, to } });
  await load('a\n1\n2\n', '2026-10-05');
  await load('a\n3\n', '2026-10-06');
  await t.throwsAsync(load('a\n1\n2\n', '2026-10-05', '2026-10-06'), {
    message: /\(rows without a day: 3 before, 2 after\)/,
  });
  t.like(await load('a\n1\n2\n3\n', '2026-10-05', '2026-10-06'), { replaced: 3 });
});
