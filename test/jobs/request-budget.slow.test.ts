import anyTest, { type TestFn } from 'ava';
import { planNight } from '../../jobs/nightly.js';
import { windowDescriptions } from '../../src/dashboard/registry.js';
import { orderListings } from '../../src/sync/windows/order-listing.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { orderDetailResources } from '../support/resources.js';
import { orderDifferences } from '../sync/support/expected-orders.js';
import { account, type Ledger, openLedger, usualLimits } from '../sync/support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const sandbox = { numbers: 1000, orders: 60, disconnects: 40, portins: 20, portouts: 10, assignments: 10 };
const limit = 300;

/** Counts the requests of some work, as the API sees them. */
async function requestsOf(ledger: Ledger, work: () => Promise<unknown>): Promise<number> {
  let count = 0;
  ledger.proxy.onRequest = () => {
    count += 1;
  };
  await work();
  return count;
}

/** The plan of the next run, by job. */
async function planned(ledger: Ledger, requestsPerNight?: number) {
  const options = {
    maxShrink: 0.2,
    acceptShrink: false,
    ...usualLimits,
    requestsPerNight,
    followedBy: new Set<string>(),
  };
  const jobs = await planNight({ ...ledger.environment(), account, job: 'nightly', options });
  return new Map(jobs.map(({ job, ...rest }) => [job.name, rest]));
}

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);

const jobsOf = ({ parts }: { parts: readonly { job: string }[] }) => parts.map(({ job }) => job);

test('runs within a limit of requests read in turn what one run without it reads', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox });
  const warned: boolean[] = [];
  for (let run = 1; run <= 6; run += 1) {
    const count = await requestsOf(ledger, async () => {
      const report = await ledger.run('nightly', { requestsPerNight: limit });
      t.is(report.result, 'succeeded', report.error?.message);
      warned.push(report.parts.some(({ warnings }) => warnings.some((text) => text.includes('REQUESTS_PER_NIGHT'))));
    });
    t.true(count <= limit, `${count}`);
  }
  t.true(warned[0]);
  t.false(warned.at(-1));
  for (const resource of orderDetailResources)
    t.deepEqual((await orderDifferences(ledger, resource)).slice(0, 3), [], resource.kind);
});

test('a plan has the requests of the next run, of which quiet runs send no more', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox });
  const first = await planned(ledger);
  await ledger.run('nightly');
  const plan = await planned(ledger);
  const report = await ledger.run('nightly');
  t.deepEqual(
    report.parts.map(({ job, requests }) => [job, requests]),
    [...plan].map(([job, { cost }]) => [job, cost?.requests ?? 0]),
  );
  const rows = await ledger.query(
    `select job, requests::integer from sync_runs where run_id > (select min(run_id) from sync_runs where job = 'nightly') order by run_id desc limit ${report.parts.length + 1}`,
  );
  t.is(rows.find(({ job }) => job === 'nightly')?.requests, report.requests);
  // Before the first run, the API is asked how long its lists are.
  const orders = await ledger.query<{ count: number }>('select count(*)::integer as count from orders');
  t.regex(first.get('sync-orders')?.cost?.reason ?? '', new RegExp(`and ${orders[0]?.count} orders to read by id$`));
});

test('a plan has every request for orders that omit their numbers', async (t) => {
  const ledger = await openLedger(t, t.context.server, {
    sandbox: { numbers: 60, portins: 20, features: 20, oddities: { 'order-details-ignored': 1 } },
  });
  await ledger.run('nightly');
  const cost = (await planned(ledger)).get('sync-bulk-portins')?.cost;
  const { requests } = await ledger.run('sync-bulk-portins');
  t.true(requests > 1);
  t.is(cost?.requests, requests, cost?.reason);
});

test('a quiet run sends at most 1.1 times the least requests', async (t) => {
  const ledger = await openLedger(t, t.context.server, {
    sandbox: { ...sandbox, numbers: 20_000, orders: 400, imports: 20, features: 20 },
  });
  const usual = { numberHistoriesPerNight: 25 };
  await ledger.run('nightly', usual);
  const { requests } = await ledger.run('nightly', usual);
  const held = [...ledger.sandbox.account(account).numbers()];
  const inService = held.filter(({ status }) => status === 'Inservice');
  const lists = windowDescriptions.map((each) => (each.type === 'orders' ? orderListings(each).length : 1));
  const open: number[] = [];
  for (const { table, terminalStatuses } of orderDetailResources) {
    const [row] = await ledger.query<{ count: number }>(
      `select count(*)::integer as count from ${table} where upper(status) <> all ($1)`,
      [terminalStatuses],
    );
    open.push(row?.count ?? 0);
  }
  // Derived in docs/how-a-run-works.md.
  const sites = ledger.sandbox.account(account).sites();
  const locations = sites.flatMap((site) => site.locations);
  const pages = locations.map(({ numbers }) => Math.ceil(numbers.length / 5000));
  const ofNumbers = [Math.ceil(inService.length / 5000), 1, Math.ceil(held.length / 2500)];
  const least = sum([...ofNumbers, 1, sites.length, locations.length, ...pages, ...lists, ...open]);
  t.true(requests <= 1.1 * least, `${requests} ${least}`);
});

test('what does not fit is reported with its age, and comes first in the next run', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 100 } });
  await ledger.run('nightly');
  const plan = await planned(ledger);
  // Histories take only what the others leave.
  const costs = [...plan].flatMap(([name, { cost }]) => (cost?.least ? [[name, cost.least] as const] : []));
  const [[other], [last, least]] = costs.slice(-2) as [readonly [string, number], readonly [string, number]];
  const all = sum(costs.map(([, each]) => each));
  // All but the last list fit.
  const requestsPerNight = all - 1;
  const one = await ledger.run('nightly', { requestsPerNight });
  t.false(jobsOf(one).includes(last));
  t.true(jobsOf(one).includes('write-report'));
  const [row] = await ledger.query<{ warnings: string[] }>(
    `select warnings from sync_runs where job = 'nightly' order by run_id desc limit 1`,
  );
  t.deepEqual(row?.warnings, [
    `TN_LEDGER_REQUESTS_PER_NIGHT=${requestsPerNight} was not enough for ${last} (${least}): it was not run, and what ` +
      'it reads is as old as the last run that succeeded. Raise the limit if that continues; tn-ledger plan shows what each job needs.',
  ]);
  const two = await ledger.run('nightly', { requestsPerNight });
  t.false(jobsOf(two).includes(other));
  const order = jobsOf(two);
  t.is(order[order.indexOf('fetch-billing-reports') + 1], last);
});

test('numbers in service are applied by themselves if their details do not fit', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 100 } });
  await ledger.run('nightly');
  const requestsPerNight = (await planned(ledger)).get('sync-inservice-numbers')?.cost?.requests ?? 0;
  const held = ledger.sandbox.account(account);
  const gone = [...held.numbers()].find(({ status }) => status === 'Inservice')?.telephoneNumber as string;
  held.disconnect([gone]);
  const report = await ledger.run('nightly', { requestsPerNight });
  t.is(report.result, 'succeeded', report.error?.message);
  t.deepEqual(jobsOf(report), [
    ...['sync-inservice-numbers', 'submit-number-assignments', 'fetch-billing-reports', 'fetch-assignment-report'],
    // It asks for nothing, because the list is fresh.
    ...['sync-rate-centers', 'sync-order-history', 'fetch-number-histories', 'prepare-nruf', 'write-report'],
  ]);
  const rows = await ledger.query('select telephone_number from telephone_numbers where removed_at is not null');
  t.deepEqual(rows, [{ telephone_number: gone }]);
});

test('a run that continues another has the requests that are left', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox });
  const [row] = await ledger.query<{ now: Date }>('select clock_timestamp() as now');
  const continuesFrom = row?.now as Date;
  const more = limit + 20;
  const count = await requestsOf(ledger, async () => {
    await ledger.run('nightly', { requestsPerNight: limit, continuesFrom });
    await ledger.query(`update sync_runs set status = 'failed' where job = 'sync-orders'`);
    const report = await ledger.run('nightly', { requestsPerNight: more, continuesFrom });
    t.is(report.result, 'succeeded', report.error?.message);
    t.true(jobsOf(report).includes('sync-orders'));
  });
  t.true(count <= more, `${count}`);
});

test('a job whose requests cannot be estimated runs, and reports why', async (t) => {
  const ledger = await openLedger(t, t.context.server, {
    sandbox: { numbers: 100, oddities: { 'forbid-portins': 1 } },
  });
  const report = await ledger.run('nightly', { requestsPerNight: 10_000 });
  t.is(report.result, 'failed');
  t.deepEqual(
    report.parts.filter(({ result }) => result === 'failed').map(({ job }) => job),
    ['sync-portins', 'sync-portouts'],
  );
});
