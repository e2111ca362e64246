import anyTest, { type TestFn } from 'ava';
import type { Oddities } from '../../src/sandbox/server.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { differences, expectedRow, storedRows } from './support/expected-numbers.js';
import { impossibilities } from './support/history-model.js';
import { account, type Ledger, leftovers, openLedger, versionsOf } from './support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const foreign = '9999999';

const numbersOf = (ledger: Ledger) => [...ledger.sandbox.account(account).numbers()];
const inServiceOf = (ledger: Ledger) =>
  numbersOf(ledger)
    .filter(({ listedInService }) => listedInService)
    .map(({ telephoneNumber }) => telephoneNumber)
    .sort();

interface Kept {
  telephone_number: string;
  status: string;
  owner_account_id: string | null;
  discrepancy: string | null;
  rate_center: string | null;
  in_service_date: Date | null;
  last_modified: Date | null;
}

/** Open rows on which the two listings disagree. */
const disagreements = (ledger: Ledger) =>
  ledger.query<Kept>(
    `select telephone_number, status, owner_account_id, discrepancy, rate_center, in_service_date, last_modified from telephone_numbers
      where removed_at is null and (owner_account_id is not null or discrepancy is not null) order by telephone_number`,
  );

const openNumbers = async (ledger: Ledger) =>
  [...(await storedRows(ledger, account, 'removed_at is null')).keys()].sort();

const requestsTo = (ledger: Ledger, method: string, path: RegExp) =>
  ledger.sandbox.requests.filter((request) => request.method === method && path.test(request.path)).length;
const lookups = (ledger: Ledger) => requestsTo(ledger, 'POST', /\/tns$/);
const verifications = (ledger: Ledger) => requestsTo(ledger, 'GET', /\/inserviceNumbers\/(?!totals)/);
const readings = (ledger: Ledger) => requestsTo(ledger, 'GET', /\/inserviceNumbers\/totals$/);

/** A run of both listing jobs. */
async function night(ledger: Ledger, options: Parameters<Ledger['run']>[1] = {}) {
  const list = await ledger.run('sync-inservice-numbers', {
    ...options,
    followedBy: new Set(['sync-number-details']),
  });
  return { list, details: await ledger.run('sync-number-details', options) };
}

for (const kind of ['foreign-details', 'foreign-rows'] as const) {
  test(`${kind}: numbers that /tns lists under another account stay, with that account’s details and id`, async (t) => {
    const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 1200 }, pageSize: 300 });
    ledger.sandbox.oddities = { [kind]: 7 };
    const { details } = await night(ledger);
    t.is(details.result, 'succeeded', details.error?.message);
    t.deepEqual(
      await openNumbers(ledger),
      numbersOf(ledger)
        .map(({ telephoneNumber }) => telephoneNumber)
        .sort(),
    );
    const kept = await disagreements(ledger);
    t.is(kept.length, 7);
    const expected = new Map(numbersOf(ledger).map((number) => [number.telephoneNumber, expectedRow(number)]));
    for (const row of kept) {
      t.like(row, { status: 'Inservice', owner_account_id: foreign, discrepancy: null, in_service_date: null });
      t.is(row.rate_center, expected.get(row.telephone_number)?.rate_center ?? null);
      t.not(row.last_modified, null);
    }
    t.is(details.warnings.length, 1);
    t.true(
      details.warnings[0]?.startsWith(
        `Numbers in service on account ${account} that /tns lists under another account: 7, such as ${kept[0]?.telephone_number} (${foreign}), `,
      ),
      details.warnings[0],
    );
    t.is(verifications(ledger), 0);
    t.deepEqual(await leftovers(ledger), []);

    const before = await versionsOf(ledger);
    const second = await night(ledger);
    t.is(second.details.counts.rowsWritten, 0);
    t.deepEqual(await versionsOf(ledger), before);

    // When the details are the account's own again, the row shows it, and its earlier version is kept.
    ledger.sandbox.oddities = {};
    t.is((await night(ledger)).details.result, 'succeeded');
    t.deepEqual(await disagreements(ledger), []);
    const [versions] = await ledger.query(
      'select count(*)::int as count from telephone_number_versions where owner_account_id = $1',
      [foreign],
    );
    t.deepEqual(versions, { count: 7 });
    t.deepEqual(await impossibilities(ledger), []);
  });
}

test('other accounts’ rows for numbers that are not in service here are not stored', async (t) => {
  const ledger = await openLedger(t, t.context.server, {
    sandbox: {
      accounts: [
        { id: account, numbers: 600 },
        { id: '9900001', numbers: 300 },
      ],
    },
    pageSize: 300,
  });
  ledger.sandbox.oddities = { 'foreign-details': 3 };
  ledger.proxy.onRequest = ({ path, method, query }) => {
    if (method === 'GET' && path === '/api/tns') query.delete('accountId');
  };
  const { details } = await night(ledger);
  t.is(details.result, 'succeeded', details.error?.message);
  t.deepEqual(
    await openNumbers(ledger),
    numbersOf(ledger)
      .map(({ telephoneNumber }) => telephoneNumber)
      .sort(),
  );
  t.is((await disagreements(ledger)).length, 3);
  t.true(
    ledger.log.some((line) =>
      /\d+ rows of other accounts in the number details of account 9900000 left out/.test(line),
    ),
  );
});

for (const kind of ['refused-details', 'silent-details'] as const) {
  for (const { count, numbers } of [
    { count: 9, numbers: 1200 },
    { count: 55, numbers: 6000 },
  ]) {
    test(`${kind}: ${count} numbers without details stay, with the details known before`, async (t) => {
      const ledger = await openLedger(t, t.context.server, { sandbox: { numbers } });
      t.is((await night(ledger)).details.result, 'succeeded');
      const before = await storedRows(ledger, account);
      const histories = await ledger.query('select * from number_status_history order by 1, 2, 4');
      ledger.sandbox.oddities = { [kind]: count };
      ledger.sandbox.clearRequests();
      const { details } = await night(ledger);
      t.is(details.result, 'succeeded', details.error?.message);
      t.is(details.warnings.length, 1);
      t.regex(
        details.warnings[0] ?? '',
        new RegExp(`account ${account} that /tns does not list: ${count}, such as \\+?\\d`),
      );
      t.deepEqual(differences(await storedRows(ledger, account), before), []);
      const kept = await disagreements(ledger);
      t.is(kept.length, count);
      t.true(kept.every(({ discrepancy, status }) => discrepancy === 'no details' && status === 'Inservice'));
      t.deepEqual(await ledger.query('select * from number_status_history order by 1, 2, 4'), histories);
      // A few are looked up one by one, many by reading the list again.
      t.deepEqual([verifications(ledger), readings(ledger)], count > 50 ? [0, 2] : [count, 1]);
      t.is(lookups(ledger), 1);
      t.deepEqual(await leftovers(ledger), []);

      ledger.sandbox.oddities = {};
      t.is((await night(ledger)).details.result, 'succeeded');
      t.deepEqual(await disagreements(ledger), []);
      t.deepEqual(differences(await storedRows(ledger, account), before), []);
    });
  }
}

test('new numbers without details are stored as in service, without other data', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 1200 } });
  ledger.sandbox.oddities = { 'silent-details': 5 };
  const { details } = await night(ledger);
  t.is(details.result, 'succeeded', details.error?.message);
  const kept = await disagreements(ledger);
  t.is(kept.length, 5);
  for (const row of kept) {
    t.like(row, { status: 'Inservice', discrepancy: 'no details', rate_center: null, last_modified: null });
  }
  t.deepEqual(
    await openNumbers(ledger),
    numbersOf(ledger)
      .map(({ telephoneNumber }) => telephoneNumber)
      .sort(),
  );
});

for (const count of [8, 60]) {
  test(`${count} numbers that left between the listings are closed, those without details are not`, async (t) => {
    const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 6000 } });
    t.is((await night(ledger)).details.result, 'succeeded');
    ledger.sandbox.oddities = { 'silent-details': 4 };
    // The oddity affects the first numbers of the list; these are others.
    const odd = await listedFirst(ledger, 4);
    const gone = inServiceOf(ledger)
      .filter((number) => !odd.includes(number))
      .slice(0, count);
    let first = true;
    ledger.proxy.onRequest = ({ path, method }) => {
      if (path !== '/api/tns' || method !== 'GET' || !first) return;
      first = false;
      ledger.sandbox.account(account).disconnect(gone);
    };
    const { details } = await night(ledger);
    t.is(details.result, 'succeeded', details.error?.message);
    t.deepEqual(
      (await disagreements(ledger)).map((row) => row.telephone_number),
      odd.toSorted(),
    );
    const closed = await ledger.query<{ telephone_number: string }>(
      'select telephone_number from telephone_numbers where removed_at is not null order by 1',
    );
    t.deepEqual(
      closed.map((row) => row.telephone_number),
      gone,
    );
    t.deepEqual(await leftovers(ledger), []);
  });
}

/** Returns the first numbers of the in-service list. */
async function listedFirst(ledger: Ledger, count: number): Promise<string[]> {
  const { username, password, url } = ledger.sandbox;
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const response = await fetch(`${url}/accounts/${account}/inserviceNumbers?size=${count}`, {
    headers: { authorization },
  });
  return [...(await response.text()).matchAll(/<TelephoneNumber>\s*([+\d]+)/g)].map((match) => match[1] as string);
}

test('too many numbers without details fail the job, after the in-service list was applied', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 1200 } });
  t.is((await night(ledger)).details.result, 'succeeded');
  const total = inServiceOf(ledger).length;
  const before = await storedRows(ledger, account);
  ledger.sandbox.oddities = { 'refused-details': 15 };
  const same = await night(ledger);
  t.is(same.details.result, 'failed');
  t.regex(
    same.details.error?.message ?? '',
    new RegExp(
      `^The number details \\(/tns\\) of account 9900000 cover ${total - 15} of its ${total} numbers in service: 15 have no details, such as .*; 11 may be missing\\. Nothing was closed or changed\\.$`,
    ),
  );
  t.deepEqual(differences(await storedRows(ledger, account), before), []);

  const held = ledger.sandbox.account(account);
  const added = held.add(3);
  held.disconnect(
    numbersOf(ledger)
      .filter(({ listedInService, telephoneNumber }) => listedInService && !added.includes(telephoneNumber))
      .slice(-2)
      .map(({ telephoneNumber }) => telephoneNumber),
  );
  const changed = await night(ledger);
  t.is(changed.details.result, 'failed');
  t.regex(
    changed.details.error?.message ?? '',
    /have no details, .* The in-service list was applied: 3 new numbers, 2 closed; details were not updated\.$/,
  );
  t.regex(
    changed.details.error instanceof Error ? String((changed.details.error as { hint?: string }).hint) : '',
    /--accept-shrink/,
  );
  t.is(changed.details.counts.rowsWritten, 10);
  t.true(added.every((number) => !before.has(number)));
  const open = await openNumbers(ledger);
  t.true(inServiceOf(ledger).every((number) => open.includes(number)));
  t.deepEqual(await leftovers(ledger), []);

  const accepted = await night(ledger, { acceptShrink: true });
  t.is(accepted.details.result, 'succeeded', accepted.details.error?.message);
  t.is((await disagreements(ledger)).length, 15);
  t.deepEqual(
    await openNumbers(ledger),
    numbersOf(ledger)
      .map(({ telephoneNumber }) => telephoneNumber)
      .sort(),
  );
});

test('on the first run, details may omit no more than TN_LEDGER_MAX_SHRINK of the in-service list', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 300 } });
  const total = inServiceOf(ledger).length;
  ledger.sandbox.oddities = { 'silent-details': 3 };
  // Three are within the small share, but more than the setting allows.
  const { details } = await night(ledger, { maxShrink: 0.005 });
  t.is(details.result, 'failed');
  t.regex(
    details.error?.message ?? '',
    new RegExp(
      `cover ${total - 3} of its ${total} numbers in service: 3 have no details, .*; TN_LEDGER_MAX_SHRINK allows 0\\.5 % to be missing\\. The in-service list was applied: ${total} new numbers, 0 closed; details were not updated\\.$`,
    ),
  );
  t.deepEqual(await openNumbers(ledger), inServiceOf(ledger));
  t.is((await night(ledger)).details.result, 'succeeded');
});

test('an empty /tns fails, and the in-service list is applied', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 300 } });
  ledger.sandbox.oddities = { 'empty-details': 1 };
  const { details } = await night(ledger);
  t.is(details.result, 'failed');
  t.regex(
    details.error?.message ?? '',
    /cover 0 of its \d+ numbers in service: .* TN_LEDGER_MAX_SHRINK allows 20\.0 %/,
  );
  t.deepEqual(await openNumbers(ledger), inServiceOf(ledger));
  t.is((await disagreements(ledger)).length, inServiceOf(ledger).length);
  t.deepEqual(await leftovers(ledger), []);
});

test('numbers in service that /tns lists as Aging are stored with that status and marked', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 600 } });
  ledger.sandbox.oddities = { 'aging-details': 4 };
  const { details } = await night(ledger);
  t.is(details.result, 'succeeded', details.error?.message);
  t.deepEqual(
    (await disagreements(ledger)).map(({ status, discrepancy }) => [status, discrepancy]),
    Array(4).fill(['Aging', 'other status']),
  );
  t.regex(details.warnings.join('\n'), /that \/tns lists with another status: 4, such as \+?\d+ \(Aging\), /);
  // The details alone can't show whether the in-service list has changed.
  t.is((await ledger.run('sync-number-details')).result, 'succeeded');
  t.is((await disagreements(ledger)).length, 4);
  // Nor do they close such a number if they no longer list it.
  ledger.sandbox.oddities = { 'silent-details': 4 };
  t.is((await ledger.run('sync-number-details')).result, 'succeeded');
  t.deepEqual(
    (await disagreements(ledger)).map(({ status, discrepancy }) => [status, discrepancy]),
    Array(4).fill(['Inservice', 'no details']),
  );
  ledger.sandbox.oddities = {};
  t.is((await night(ledger)).details.result, 'succeeded');
  t.deepEqual(await disagreements(ledger), []);
  t.deepEqual(await impossibilities(ledger), []);
});

test('a listing that lacks numbers in service closes no other number that a lookup in /tns finds', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 600 } });
  const held = ledger.sandbox.account(account);
  const [kept, gone] = inServiceOf(ledger).slice(0, 2) as [string, string];
  held.disconnect([kept, gone], { aging: true });
  t.is((await night(ledger)).details.result, 'succeeded');
  held.disconnect([gone]);
  const others = numbersOf(ledger).filter(({ listedInService }) => !listedInService).length;
  ledger.sandbox.oddities = { 'silent-details': 1, 'unlisted-others': others };
  t.is((await night(ledger)).details.result, 'succeeded');
  const rows = await storedRows(ledger, account);
  t.like(rows.get(kept), { removed: false, status: 'Aging' });
  t.like(rows.get(gone), { removed: true });
  t.deepEqual(
    await openNumbers(ledger),
    numbersOf(ledger)
      .map(({ telephoneNumber }) => telephoneNumber)
      .sort(),
  );

  // A listing that has them all closes numbers on its own.
  ledger.sandbox.oddities = { 'unlisted-others': 1 };
  ledger.sandbox.clearRequests();
  t.is((await night(ledger)).details.result, 'succeeded');
  t.is(lookups(ledger), 0);
  t.is((await openNumbers(ledger)).length, numbersOf(ledger).length - 1);
});

const alone: { oddities: Oddities; kept: number; verified: number }[] = [
  { oddities: { 'silent-details': 6 }, kept: 6, verified: 6 },
  { oddities: { 'refused-details': 6 }, kept: 6, verified: 6 },
  { oddities: { 'foreign-rows': 6 }, kept: 6, verified: 6 },
  { oddities: { 'foreign-details': 6, 'silent-details': 2 }, kept: 8, verified: 8 },
];
for (const { oddities, kept, verified } of alone) {
  const named = Object.entries(oddities).map(([kind, count]) => `${kind}=${count}`);
  test(`details read alone keep the ledger's numbers in service: ${named.join(', ')}`, async (t) => {
    const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 1200 } });
    t.is((await night(ledger)).details.result, 'succeeded');
    const odd = await listedFirst(ledger, kept);
    const gone = inServiceOf(ledger)
      .filter((number) => !odd.includes(number))
      .slice(0, 5);
    ledger.sandbox.account(account).disconnect(gone);
    ledger.sandbox.oddities = oddities;
    ledger.sandbox.clearRequests();
    const report = await ledger.run('sync-number-details');
    t.is(report.result, 'succeeded', report.error?.message);
    t.is((await disagreements(ledger)).length, kept);
    t.deepEqual(
      await openNumbers(ledger),
      numbersOf(ledger)
        .map(({ telephoneNumber }) => telephoneNumber)
        .sort(),
    );
    // A number that is gone is looked up in both formats.
    const nanp = gone.filter((number) => !number.startsWith('+')).length;
    t.is(verifications(ledger), verified + gone.length + nanp);
    t.deepEqual(await leftovers(ledger), []);
  });
}

test('a failed listing warns of what the in-service list changed if the error does not say it', async (t) => {
  const ledger = await openLedger(t, t.context.server, {
    sandbox: { numbers: 300 },
    client: { retry: { tries: 1, baseMs: 1 } },
  });
  ledger.proxy.onRequest = ({ path }) => {
    ledger.sandbox.faults = path === '/api/tns' ? { '500': 1 } : {};
  };
  const { details } = await night(ledger);
  t.is(details.result, 'failed');
  t.regex(
    details.warnings.join('\n'),
    /^The in-service list was applied: \d+ new numbers, 0 closed; details were not updated\.$/,
  );
  ledger.sandbox.faults = {};
});

test('a killed verification starts over', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 1200 } });
  ledger.sandbox.oddities = { 'silent-details': 3, 'foreign-details': 3, 'aging-details': 3 };
  const asked = new AbortController();
  ledger.proxy.onRequest = ({ path }) => {
    if (/\/inserviceNumbers\/(?!totals)/.test(path)) asked.abort(new Error('killed'));
  };
  const first = await night(ledger, { signal: asked.signal });
  t.not(first.details.result, 'succeeded');
  ledger.proxy.onRequest = () => undefined;
  const report = await ledger.run('sync-number-details');
  t.is(report.result, 'succeeded', report.error?.message);
  t.is((await disagreements(ledger)).length, 9);
  t.is(report.warnings.length, 3);
  t.deepEqual(
    await openNumbers(ledger),
    numbersOf(ledger)
      .map(({ telephoneNumber }) => telephoneNumber)
      .sort(),
  );
  t.deepEqual(await leftovers(ledger), []);
});
