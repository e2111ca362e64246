import test from 'ava';
import { startSandbox } from '../../src/sandbox/server.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { withoutOrders } from '../sync/support/ledger.js';
import { cli, ledgerLines, listRequests, makeDatabase, sandboxLines, settingsOf } from './support.js';

let server: TestServer;

test.before(async () => {
  server = await startPostgres();
});
test.after.always(() => server.stop());

test('a run that would close too many numbers closes none until accepted, and then reads no page again', async (t) => {
  const sandbox = await startSandbox({ numbers: 1000, ...withoutOrders });
  t.teardown(sandbox.close);
  const database = await makeDatabase(t, server);
  // Later runs would read the histories of the numbers that are gone.
  const quiet = { TN_LEDGER_LOG_LEVEL: 'warn', TN_LEDGER_NUMBER_HISTORIES_PER_NIGHT: '0' };
  const env = { ...settingsOf(sandbox, database.url), ...quiet };
  t.is((await cli(t, ['run', 'nightly'], { env })).status, 0);
  const before = await ledgerLines(database);
  const account = sandbox.account('9900000');
  const gone = [...account.numbers()].filter(({ listedInService }) => listedInService).slice(0, 300);
  account.disconnect(gone.map(({ telephoneNumber }) => telephoneNumber));

  const held = await cli(t, ['run', 'nightly'], { env });
  t.is(held.status, 1);
  t.regex(
    held.stderr,
    /would close 300 of its 1000 numbers \(30\.0 %\), more than the 20\.0 % that TN_LEDGER_MAX_SHRINK allows\. Nothing was closed or changed\.\nCheck whether .* If so: tn-ledger run sync-number-details --account 9900000 --accept-shrink\.\n/,
  );
  t.deepEqual(await ledgerLines(database), before);
  t.regex((await cli(t, ['status'], { env })).stdout, /held until it is accepted \(--accept-shrink\)/);

  sandbox.clearRequests();
  const accepted = await cli(t, ['run', 'nightly', '--accept-shrink'], { env });
  t.is(accepted.status, 0);
  // The list is not read again, only asked whether it is still the one that was proved.
  t.deepEqual(
    listRequests(sandbox).filter((request) => /inserviceNumbers|\btns\b/.test(request)),
    ['9900000/inserviceNumbers/totals -'],
  );
  t.deepEqual(await ledgerLines(database), sandboxLines(sandbox, '9900000'));
  t.deepEqual(
    await database.query(
      'select count(*)::int as closed from tn_ledger.telephone_numbers where removed_at is not null',
    ),
    [{ closed: 300 }],
  );

  const after = await cli(t, ['run', 'nightly', '--json'], { env });
  t.is(after.status, 0);
  t.true(JSON.parse(after.stdout).every(({ rows_written }: { rows_written: number }) => rows_written === 0));
});

test('TN_LEDGER_MAX_SHRINK moves the limit', async (t) => {
  const sandbox = await startSandbox({ numbers: 100, ...withoutOrders });
  t.teardown(sandbox.close);
  const database = await makeDatabase(t, server);
  const env = settingsOf(sandbox, database.url);
  t.is((await cli(t, ['run', 'nightly'], { env })).status, 0);
  const account = sandbox.account('9900000');
  account.disconnect([...account.numbers()].slice(0, 5).map(({ telephoneNumber }) => telephoneNumber));
  const strict = await cli(t, ['run', 'nightly'], { env: { ...env, TN_LEDGER_MAX_SHRINK: '4' } });
  t.is(strict.status, 1);
  t.regex(strict.stderr, /would close 5 of its 100 numbers \(5\.0 %\), more than the 4\.0 %/);
  t.is((await cli(t, ['run', 'nightly'], { env: { ...env, TN_LEDGER_MAX_SHRINK: '5%' } })).status, 0);
});
