import { readFile } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import { type Oddities, startSandbox } from '../../src/sandbox/server.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { withoutOrders } from '../sync/support/ledger.js';
import { cli, makeDatabase, makeFolder, settingsOf } from './support.js';

let server: TestServer;

test.before(async () => {
  server = await startPostgres();
});
test.after.always(() => server.stop());

async function open(t: ExecutionContext, oddities: Oddities) {
  const sandbox = await startSandbox({ numbers: 600, oddities, ...withoutOrders });
  t.teardown(sandbox.close);
  const database = await makeDatabase(t, server);
  const options = {
    env: { ...settingsOf(sandbox, database.url), TN_LEDGER_LOG_LEVEL: 'warn' },
    cwd: await makeFolder(t),
  };
  const account = sandbox.account('9900000');
  const inService = () =>
    [...account.numbers()].filter(({ listedInService }) => listedInService).map((each) => each.telephoneNumber);
  const openRows = async () =>
    new Set(
      (await database.query('select telephone_number from tn_ledger.telephone_numbers where removed_at is null')).map(
        (row) => row.telephone_number,
      ),
    );
  return { sandbox, database, options, account, inService, openRows };
}

const cases: { oddities: Oddities; rows: string; count: number; warning: RegExp; finding: string }[] = [
  {
    oddities: { 'foreign-details': 5 },
    rows: `owner_account_id = '9999999' and status = 'Inservice' and last_modified is not null`,
    count: 5,
    warning:
      /Numbers in service on account 9900000 that \/tns lists under another account: 5, such as \+?\d+ \(9999999\), /,
    finding: 'hosted',
  },
  {
    oddities: { 'foreign-rows': 5 },
    rows: `owner_account_id = '9999999' and status = 'Inservice' and last_modified is not null`,
    count: 5,
    warning: /that \/tns lists under another account: 5, such as /,
    finding: 'hosted',
  },
  {
    oddities: { 'refused-details': 6 },
    rows: `discrepancy = 'no details' and status = 'Inservice' and last_modified is null`,
    count: 6,
    warning: /Numbers in service on account 9900000 that \/tns does not list: 6, such as /,
    finding: 'no-details',
  },
  {
    oddities: { 'silent-details': 6 },
    rows: `discrepancy = 'no details' and status = 'Inservice' and last_modified is null`,
    count: 6,
    warning: /that \/tns does not list: 6, such as /,
    finding: 'no-details',
  },
  {
    oddities: { 'aging-details': 3 },
    rows: `discrepancy = 'other status' and status = 'Aging'`,
    count: 3,
    warning: /that \/tns lists with another status: 3, such as \+?\d+ \(Aging\), /,
    finding: 'other-status',
  },
];

for (const { oddities, rows, count, warning, finding } of cases) {
  const [named] = Object.entries(oddities).map(([kind, value]) => `${kind}=${value}`);
  test(`${named}: the numbers are kept, told on standard error, and found by audit and report`, async (t) => {
    const { database, options, inService, openRows } = await open(t, oddities);
    const { status, stderr } = await cli(t, ['run', 'nightly'], options);
    t.is(status, 0, stderr);
    t.regex(stderr, warning);
    const held = await openRows();
    t.deepEqual(
      inService().filter((number) => !held.has(number)),
      [],
    );
    const [kept] = await database.query(
      `select count(*)::int as count from tn_ledger.telephone_numbers where removed_at is null and ${rows}`,
    );
    t.deepEqual(kept, { count });
    const audit = await cli(t, ['audit', '--as-of', new Date().toISOString().slice(0, 10), '--json'], options);
    t.is(audit.status, 0, audit.stderr);
    const findings = JSON.parse(audit.stdout).findings as { id: string; count: number }[];
    t.is(findings.find(({ id }) => id === finding)?.count, count);
    const report = await cli(t, ['report', '--out', 'report.html'], options);
    t.is(report.status, 0, report.stderr);
    t.regex(
      await readFile(`${options.cwd}/report.html`, 'utf8'),
      new RegExp(`${count} numbers held have no details, the details of another account, or a different status`),
    );
  });
}

test('empty-details: the in-service list is in the ledger, and the first night fails with what was written', async (t) => {
  const { options, inService, openRows } = await open(t, { 'empty-details': 1 });
  const { status, stderr } = await cli(t, ['run', 'nightly'], options);
  t.is(status, 1);
  const total = inService().length;
  t.true(
    stderr.includes(
      `TN_LEDGER_MAX_SHRINK allows 20.0 % to be missing. The in-service list was applied: ${total} new numbers, 0 closed; details were not updated.`,
    ),
    stderr,
  );
  t.notRegex(stderr, /Nothing was closed or changed/);
  t.deepEqual([...(await openRows())].sort(), inService().sort());
});

test('missing details beyond a small share fail by name until --accept-shrink accepts them', async (t) => {
  const { sandbox, database, options, account, inService, openRows } = await open(t, {});
  t.is((await cli(t, ['run', 'nightly'], options)).status, 0);
  const details = `select count(*)::int as count from tn_ledger.telephone_numbers where removed_at is null and last_modified is not null`;
  sandbox.oddities = { 'refused-details': 15 };
  const added = account.add(4);
  const failed = await cli(t, ['run', 'nightly'], options);
  t.is(failed.status, 1);
  t.regex(
    failed.stderr,
    /sync-number-details: The number details \(\/tns\) of account 9900000 cover \d+ of its \d+ numbers in service: 15 have no details, such as .*; 10 may be missing\. The in-service list was applied: 4 new numbers, 0 closed; details were not updated\.\n.*--accept-shrink/,
  );
  t.notRegex(failed.stderr, /Nothing was closed or changed/);
  t.true(added.every((number) => inService().includes(number)));
  t.deepEqual(
    inService().filter((number) => !added.includes(number)).length,
    (await database.query(`${details} and status = 'Inservice'`))[0]?.count,
  );
  const accepted = await cli(t, ['run', 'nightly', '--accept-shrink'], options);
  t.is(accepted.status, 0, accepted.stderr);
  t.regex(accepted.stderr, /that \/tns does not list: 15, such as /);
  const held = await openRows();
  t.true(inService().every((number) => held.has(number)));
});
