import anyTest, { type TestFn } from 'ava';
import { LedgerError } from '../../src/errors.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { storedRows } from './support/expected-numbers.js';
import { impossibilities } from './support/history-model.js';
import { account, type Ledger, leftovers, openLedger, versionsOf } from './support/ledger.js';
import { watchRuns } from './support/watch-runs.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const isDetails = (path: string) => path === '/api/tns';
const isList = (path: string) => path.endsWith('/inserviceNumbers');

function inServiceOf(ledger: Ledger): string[] {
  const held = [...ledger.sandbox.account(account).numbers()];
  return held.filter(({ listedInService }) => listedInService).map(({ telephoneNumber }) => telephoneNumber);
}

async function openNumbers(ledger: Ledger): Promise<string[]> {
  return [...(await storedRows(ledger, account, 'removed_at is null')).keys()].sort();
}

test('the in-service list alone inserts new numbers and closes those that left', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 1200 }, pageSize: 300 });
  const held = ledger.sandbox.account(account);
  const first = await ledger.run('sync-inservice-numbers');
  t.is(first.result, 'succeeded', first.error?.message);
  t.is(first.counts.pages, 4);
  const inService = inServiceOf(ledger);
  t.deepEqual(await openNumbers(ledger), inService.toSorted());
  t.true([...(await storedRows(ledger, account)).values()].every(({ status }) => status === 'Inservice'));
  t.is((await ledger.run('sync-inservice-numbers')).counts.rowsWritten, 0);

  const gone = inService.slice(0, 3);
  held.disconnect(gone);
  const [added] = held.add(1);
  const second = await ledger.run('sync-inservice-numbers');
  t.is(second.result, 'succeeded', second.error?.message);
  // Three closed and one new number, with one interval each.
  t.is(second.counts.rowsWritten, 8);
  t.deepEqual(await openNumbers(ledger), inServiceOf(ledger).sort());
  t.true((await openNumbers(ledger)).includes(added as string));
  t.deepEqual(await impossibilities(ledger), []);
  t.deepEqual(await leftovers(ledger), []);
});

test('the number details alone load the whole inventory', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 1200 }, pageSize: 300 });
  const watch = watchRuns(ledger);
  for (const changes of [0, 100, 0]) {
    ledger.sandbox.account(account).churn(changes);
    const report = await ledger.run('sync-number-details');
    t.is(report.result, 'succeeded', report.error?.message);
    await watch.compare(t);
  }
});

test('separate runs of the jobs store the same as a nightly run, with event dates in the history', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 1200 } });
  const held = ledger.sandbox.account(account);
  const both = async () => {
    for (const job of ['sync-inservice-numbers', 'sync-number-details']) {
      const report = await ledger.run(job);
      t.is(report.result, 'succeeded', report.error?.message);
    }
  };
  await both();
  const [aging, moved] = inServiceOf(ledger).slice(10, 12) as [string, string];
  const event = new Date(Date.now() - 60_000);
  held.change(aging, { status: 'Aging', lastModified: event });
  held.change(moved, { rateCenter: 'ELSEWHERE' });
  await both();
  const rows = await storedRows(ledger, account, 'removed_at is null');
  t.is(rows.size, 1200);
  t.is(rows.get(aging)?.status, 'Aging');
  t.is(rows.get(moved)?.rate_center, 'ELSEWHERE');
  t.deepEqual(await impossibilities(ledger), []);
  t.deepEqual(await leftovers(ledger), []);
  // The in-service list came first and closed the number at the time of the run; the details know when it became Aging.
  const history = await ledger.query(
    'select status, valid_from, valid_to from number_status_history where telephone_number = $1 order by valid_from',
    [aging],
  );
  t.is(history.length, 2);
  t.like(history[0], { status: 'Inservice', valid_to: event });
  t.like(history[1], { status: 'Aging', valid_from: event, valid_to: null });
});

test('both jobs in one command apply both listings with one comparison', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 600 } });
  const watch = watchRuns(ledger);
  const first = await ledger.run('sync-inservice-numbers', { followedBy: new Set(['sync-number-details']) });
  t.is(first.result, 'succeeded');
  t.is(first.counts.rowsWritten, 0);
  t.is((await ledger.query('select 1 from telephone_numbers')).length, 0);
  t.is((await ledger.run('sync-number-details')).result, 'succeeded');
  await watch.compare(t);
  const [row] = await ledger.query(
    'select count(distinct first_seen_at)::int as firsts, bool_and(changed_at = first_seen_at) as once from telephone_numbers',
  );
  t.deepEqual(row, { firsts: 1, once: true });
});

test('the in-service list is applied even if the number details fail', async (t) => {
  const ledger = await openLedger(t, t.context.server, {
    sandbox: { numbers: 1200 },
    pageSize: 300,
    client: { retry: { tries: 2, baseMs: 1 } },
  });
  t.is((await ledger.run('nightly')).result, 'succeeded');
  const held = ledger.sandbox.account(account);
  held.disconnect(inServiceOf(ledger).slice(0, 5));
  const added = held.add(7);
  ledger.proxy.onRequest = ({ path }) => {
    ledger.sandbox.faults = isDetails(path) ? { '500': 1 } : {};
  };
  const night = await ledger.run('nightly');
  t.is(night.result, 'failed');
  t.regex(night.error?.message ?? '', /1 of \d+ jobs of account 9900000 failed: sync-number-details: GET .*tns/);
  t.deepEqual(
    night.parts.slice(0, 2).map(({ result }) => result),
    ['succeeded', 'failed'],
  );
  const rows = await storedRows(ledger, account, `status = 'Inservice' and removed_at is null`);
  t.deepEqual([...rows.keys()].sort(), inServiceOf(ledger).sort());
  t.true(added.every((number) => rows.has(number)));

  ledger.proxy.onRequest = () => undefined;
  ledger.sandbox.faults = {};
  t.is((await ledger.run('nightly')).result, 'succeeded');
  t.deepEqual(await impossibilities(ledger), []);
  t.deepEqual(await leftovers(ledger), []);
});

test('details that lack a number in service fail as incomplete, close nothing and report the gap', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 1200 }, pageSize: 300 });
  t.is((await ledger.run('nightly')).result, 'succeeded');
  const before = await versionsOf(ledger);
  ledger.proxy.onRequest = ({ path, method }) => {
    ledger.sandbox.faults = isDetails(path) && method === 'GET' ? { 'short-list': 1 } : {};
  };
  for (const job of ['sync-number-details', 'nightly']) {
    const report = await ledger.run(job);
    t.is(report.result, 'failed');
    // The fault omits three entries from each page of 300.
    t.regex(
      report.error?.message ?? '',
      /The number details \(\/tns\) of account 9900000 are not complete: of 11\d\d numbers in service its 4 pages lack 12, such as .*\(they listed 1188 distinct numbers\)\. Nothing was closed or changed/,
    );
    t.deepEqual(await versionsOf(ledger), before);
    t.deepEqual(await leftovers(ledger), []);
  }
});

test('a number that leaves between the two listings does not count as missing', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 1200 }, pageSize: 300 });
  const watch = watchRuns(ledger);
  t.is((await ledger.run('nightly')).result, 'succeeded');
  await watch.compare(t);
  const [gone, aged] = inServiceOf(ledger).slice(500, 502) as [string, string];
  let first = true;
  ledger.proxy.onRequest = ({ path, query }) => {
    if (!isDetails(path) || query.get('page') !== '1' || !first) return;
    first = false;
    ledger.sandbox.account(account).disconnect([gone]);
    ledger.sandbox.account(account).disconnect([aged], { aging: true });
  };
  const night = await ledger.run('nightly');
  t.is(night.result, 'succeeded', night.error?.message);
  t.false(first);
  await watch.compare(t);
});

test('more numbers than fit in one lookup can leave between two runs of the details job', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 16_000 } });
  t.is((await ledger.run('nightly')).result, 'succeeded');
  ledger.sandbox.account(account).disconnect(inServiceOf(ledger).slice(0, 3000));
  ledger.sandbox.clearRequests();
  const report = await ledger.run('sync-number-details');
  t.is(report.result, 'succeeded', report.error?.message);
  t.is(ledger.sandbox.requests.filter(({ method, path }) => method === 'POST' && isDetails(path)).length, 2);
  t.is((await openNumbers(ledger)).length, 13_000);
});

test('a list that changes while it is read is read again', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 1200 }, pageSize: 300 });
  const held = ledger.sandbox.account(account);
  let lists = 0;
  ledger.proxy.onRequest = ({ path }) => {
    if (isList(path)) lists += 1;
    // Before the third page, numbers on earlier pages leave, and others arrive.
    if (isList(path) && lists === 3) {
      held.disconnect(inServiceOf(ledger).slice(0, 40));
      held.add(25);
    }
  };
  const report = await ledger.run('sync-inservice-numbers');
  t.is(report.result, 'succeeded', report.error?.message);
  t.is(lists, 8);
  t.deepEqual(await openNumbers(ledger), inServiceOf(ledger).sort());
  t.deepEqual(await leftovers(ledger), []);
});

test('a list that changes during three readings fails and closes nothing', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 1200 }, pageSize: 300 });
  t.is((await ledger.run('nightly')).result, 'succeeded');
  const before = await versionsOf(ledger);
  ledger.proxy.onRequest = ({ path, query }) => {
    if (isList(path) && query.get('page') !== '1') ledger.sandbox.account(account).add(1);
  };
  const report = await ledger.run('sync-inservice-numbers');
  t.is(report.result, 'failed');
  t.regex(
    report.error?.message ?? '',
    /changed while it was read, 3 times in a row\. Last time, TotalCount was \d+ at first and \d+ at the end, …\/totals \d+, and the pages listed \d+ distinct numbers\. Nothing was closed or changed/,
  );
  t.deepEqual(await versionsOf(ledger), before);
  t.deepEqual(await leftovers(ledger), []);
});

test('a short listing fails, closes nothing and reports expected and received counts', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 1200 }, pageSize: 300 });
  t.is((await ledger.run('nightly')).result, 'succeeded');
  const before = await versionsOf(ledger);
  const total = ledger.sandbox.account(account).inServiceCount;
  ledger.sandbox.faults = { 'short-list': 1 };
  const night = await ledger.run('nightly');
  t.is(night.result, 'failed');
  const [list, details] = night.parts;
  t.true(list?.error instanceof LedgerError);
  t.true(
    list?.error?.message.includes(
      `TotalCount and …/totals are ${total}, but its 4 pages listed ${total - 12} distinct numbers. Nothing was closed or changed`,
    ),
    list?.error?.message,
  );
  t.is(details?.result, 'failed');
  t.deepEqual(await versionsOf(ledger), before);
  t.deepEqual(await leftovers(ledger), []);
  const errors = await ledger.query<{ job: string; error: string }>(
    `select job, error from sync_runs where status = 'failed' order by run_id`,
  );
  t.deepEqual(
    errors.map(({ job }) => job),
    ['nightly', 'sync-inservice-numbers', 'sync-number-details', 'sync-sites'],
  );
  t.true(errors.some(({ error }) => error.includes(`${total - 12} distinct numbers`)));
});

for (const emptyAs of ['200', '204', '404'] as const) {
  test(`an account without numbers (${emptyAs}) is an empty ledger; one that lost all numbers is held`, async (t) => {
    const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 0, emptyAs } });
    const first = await ledger.run('nightly');
    t.is(first.result, 'succeeded', first.error?.message);
    t.is((await ledger.query('select 1 from telephone_numbers')).length, 0);
    t.deepEqual(await leftovers(ledger), []);

    const added = ledger.sandbox.account(account).add(5);
    t.is((await ledger.run('nightly')).result, 'succeeded');
    t.deepEqual(await openNumbers(ledger), added.toSorted());

    ledger.sandbox.account(account).disconnect(added);
    const night = await ledger.run('nightly');
    t.is(night.result, 'failed');
    t.regex(night.error?.message ?? '', /would close 5 of its 5 numbers \(100\.0 %\)/);
    t.deepEqual(await openNumbers(ledger), added.toSorted());
    t.is((await ledger.run('nightly', { acceptShrink: true })).result, 'succeeded');
    t.deepEqual(await openNumbers(ledger), []);
    t.deepEqual(await impossibilities(ledger), []);
    t.deepEqual(await leftovers(ledger), []);
  });
}
