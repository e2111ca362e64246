import anyTest, { type TestFn } from 'ava';
import { coveredRateCenters } from '../../src/dashboard/resources/covered-rate-centers.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { type Ledger, openLedger } from '../sync/support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const job = coveredRateCenters.job.name;
const day = 86_400_000;
const twoAccounts = {
  accounts: [
    { id: '9900000', numbers: 5 },
    { id: '9900001', numbers: 5 },
  ],
};

async function sync(ledger: Ledger, account = '9900000'): Promise<readonly string[]> {
  const { result, error, warnings } = await ledger.run(job, { account });
  if (result !== 'succeeded') throw error ?? new Error(result);
  return warnings;
}

const requests = ({ sandbox }: Ledger) => sandbox.requests.filter(({ path }) => path.endsWith('/coveredRateCenters'));

const stored = (ledger: Ledger) =>
  ledger.query(
    'select rate_center_id as id, name, abbreviation, state, lata from rate_centers order by rate_center_id',
  );

test('the first account reads the list once a month for all accounts, in as few pages as the API allows', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: twoAccounts });
  t.deepEqual(await sync(ledger), []);
  t.deepEqual(await stored(ledger), ledger.sandbox.rateCenters);
  t.deepEqual(
    requests(ledger).map(({ query }) => query),
    [{ page: '1', size: '5000' }],
  );
  for (const account of ['9900000', '9900001']) t.deepEqual(await sync(ledger, account), []);
  t.is(requests(ledger).length, 1);
  ledger.sandbox.clock.advance(31 * day);
  t.deepEqual(await sync(ledger, '9900001'), []);
  t.deepEqual(await sync(ledger), []);
  t.is(requests(ledger).length, 2);
});

test('two runs at the same time read the list once', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: twoAccounts });
  await Promise.all([sync(ledger), sync(ledger, '9900001')]);
  t.is(requests(ledger).length, 1);
  t.deepEqual(await stored(ledger), ledger.sandbox.rateCenters);
});

test('a list in several pages is read to its end, also if the API refuses the size', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 5, oddities: { 'page-size': 20 } } });
  t.deepEqual(await sync(ledger), []);
  t.deepEqual(await stored(ledger), ledger.sandbox.rateCenters);
  t.is(requests(ledger).length, 1 + Math.ceil(ledger.sandbox.rateCenters.length / 20));
});

test('what changes is updated, and a rate center that is no longer listed keeps its row', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 5 } });
  await sync(ledger);
  const { rateCenters } = ledger.sandbox;
  const [gone] = rateCenters.splice(0, 1);
  Object.assign(rateCenters[0] as object, { name: 'NEW NAME' });
  ledger.sandbox.clock.advance(31 * day);
  t.deepEqual(await sync(ledger), []);
  t.deepEqual(await stored(ledger), [gone, ...rateCenters]);
  t.deepEqual(
    await ledger.query(
      'select rate_center_id as id from rate_centers where last_listed_at < (select max(last_listed_at) from rate_centers)',
    ),
    [{ id: gone?.id }],
  );
});

test('a list that is not complete, without an abbreviation, empty or forbidden changes nothing and is a warning', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 5 } });
  await sync(ledger);
  const before = await stored(ledger);
  ledger.sandbox.clock.advance(31 * day);
  const warning = async () => (await sync(ledger)).join();
  ledger.sandbox.faults = { 'short-list': 1 };
  t.regex(
    await warning(),
    /^The list of rate centers was not read, and the stored one was not changed: after 3 readings, it has \d+ entries and counts \d+\./,
  );
  ledger.sandbox.faults = {};
  ledger.sandbox.oddities = { 'forbid-rate-centers': 1 };
  t.regex(
    await warning(),
    /status 403: the credentials have no access to rate centers of account 9900000: a role is missing/,
  );
  ledger.sandbox.oddities = {};
  const [first] = ledger.sandbox.rateCenters;
  Object.assign(first as object, { abbreviation: '' });
  t.regex(await warning(), /1 of its entries lack an id, an abbreviation or a state/);
  ledger.sandbox.rateCenters.length = 0;
  t.regex(await warning(), /it is empty/);
  t.deepEqual(await stored(ledger), before);
});
