import anyTest, { type TestFn } from 'ava';
import { UsageError } from '../../src/errors.js';
import { recordsCsv } from '../../src/sandbox/billing/records.js';
import { openLoader } from '../billing/support/load.js';
import { startPostgres, type TestServer } from '../support/postgres.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

/** Call records, as many each day. */
function calls(rowsPerDay: number, from: string, to: string): string {
  const time = (day: string) => Date.parse(`${day}T00:00:00Z`);
  const range = { from: time(from), to: time(to) };
  return Buffer.concat([...recordsCsv({ seed: 5, account: '9900000', type: 'BDR', rowsPerDay, ...range })]).toString();
}

const october = { from: '2026-10-01', to: '2026-10-31' };
const november = { from: '2026-11-01', to: '2026-11-30' };

for (const [title, mistyped, words] of [
  [
    'decades later',
    '2062/10/01',
    /the days from 2026-10-01 to 2062-10-01, .* 300 rows .* on 30 of them \(on 2026-11-01: 0 in place of 10\)/,
  ],
  [
    'a month later',
    '2026/11/12',
    /the days from 2026-10-01 to 2026-11-12, .* 119 rows .* on 12 of them \(on 2026-11-01: 0 in place of 10\)/,
  ],
] as const) {
  test(`an archive with one row dated ${title} deletes nothing of other days, until its days are named`, async (t) => {
    const loader = await openLoader(t, t.context.server);
    for (const days of [october, november]) {
      await loader.load([{ name: 'calls.csv', content: calls(10, days.from, days.to) }], { days });
    }
    const stored = () =>
      loader.query(
        `select to_char(call_start_date_time, 'YYYY-MM') as month, count(*)::int as calls from billing_bdr group by 1 order by 1`,
      );
    const before = await stored();
    const extra = calls(11, october.from, october.to);
    const content = extra.replace('2026/10/01 ', `${mistyped} `);
    const error = await t.throwsAsync(loader.load([{ name: 'calls.csv', content }]), { instanceOf: UsageError });
    t.regex(error?.message ?? '', words);
    t.regex(error?.message ?? '', /Nothing was changed\./);
    t.deepEqual(await stored(), before);

    const loaded = await loader.load([{ name: 'calls.csv', content }], { days: october });
    t.is(loaded.replaced, 310);
    const november10 = (await stored()).find(({ month }) => month === '2026-11') as { calls: number };
    t.true(november10.calls >= 300);
  });
}

test('an archive without named days that holds as many calls or more for each of its days replaces them', async (t) => {
  const loader = await openLoader(t, t.context.server);
  await loader.load([{ name: 'calls.csv', content: calls(10, october.from, october.to) }], { days: october });
  const again = await loader.load([{ name: 'calls.csv', content: calls(12, '2026-10-05', '2026-11-03') }]);
  t.like(again, { rows: 360, replaced: 270, days: { from: '2026-10-05', to: '2026-11-03' } });
});
