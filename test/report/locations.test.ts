import anyTest, { type TestFn } from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account, openLedger } from '../sync/support/ledger.js';
import { cellsOf, readReports, runNightly, statementsOf } from './support.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

test('the report counts numbers by location, and says nothing of them before any location is known', async (t) => {
  const ledger = await openLedger(t, t.context.server, {
    sandbox: { numbers: 100, oddities: { 'forbid-sites': 1 } },
  });
  await runNightly(t, ledger);
  t.false((await readReports(ledger)).last.includes('Numbers by location'));
  ledger.sandbox.oddities = {};
  await runNightly(t, ledger);
  const held = ledger.sandbox.account(account);
  const counts = held
    .sites()
    .flatMap(({ siteId, name: site, locations }) =>
      locations.map(({ sipPeerId, name, numbers }) => [
        `${name} (${sipPeerId})`,
        `${site} (${siteId})`,
        String(numbers.length),
        `${((numbers.length / held.inServiceCount) * 100).toFixed(1)}%`,
      ]),
    )
    .filter(([, , count]) => count !== '0')
    .sort((a, b) => Number(b[2]) - Number(a[2]));
  const { last } = await readReports(ledger);
  t.deepEqual(cellsOf(last, 'numbers-by-location'), counts);
  for (const sql of statementsOf(last)) await t.notThrowsAsync(ledger.query(sql), sql);
});
