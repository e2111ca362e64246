import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import { cli, makeFolder, startCli } from '../end-to-end/support.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { seed } from '../support/seed.js';
import { randomFrom } from '../sync/support/kills.js';
import { openLedger } from '../sync/support/ledger.js';
import { waitForBlocked, waitForGone } from '../sync/support/moments.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

/** When a run is killed: at its nth API request, or when it first needs a locked table. */
type Moment = { request: number; answered: boolean } | { table: string };

test('after 20 random kills, every call is loaded once, and no report is requested twice for it', async (t) => {
  t.timeout(10 * 60_000);
  const random = randomFrom(seed);
  const ledger = await openLedger(t, t.context.server, {
    sandbox: { numbers: 1, billing: { rowsPerDay: 3000, pace: { reads: 2 } } },
  });
  const { billing } = ledger.sandbox;
  const cwd = await makeFolder(t);
  const env = { ...ledger.env, TN_LEDGER_DATA_DIR: join(cwd, 'data') };
  const posts = () =>
    ledger.sandbox.requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/billingreports')).length;
  const recorded = async () =>
    Number((await ledger.query<{ count: string }>('select count(*) as count from billing_reports'))[0]?.count);
  const moments: string[] = [];
  let unrecorded = 0;
  let expected = 0;
  for (let month = 1; moments.length < 20; month += 1) {
    const from = `2025-${String(((month - 1) % 12) + 1).padStart(2, '0')}-01`;
    const args = ['billing', '--type', 'BDR', '--from', from, '--to', from.replace(/01$/, '05')];
    expected = Math.min(month, 12) * 5 * 3000;
    for (let kills = 0; kills < 3 && moments.length < 20; kills += 1) {
      const moment: Moment =
        random(4) === 0
          ? { table: month > 1 && random(2) === 0 ? 'billing_bdr' : 'billing_reports' }
          : { request: 1 + random(4), answered: random(2) === 0 };
      if (await kill(moment)) moments.push(JSON.stringify(moment));
      else break;
    }
    const done = await cli(t, args, { cwd, env });
    t.is(done.status, 0, done.output);
    const [row] = await ledger.query<{ calls: number; different: number; days: number }>(
      `select count(*)::int as calls, count(distinct (call_id, call_start_date_time))::int as different from billing_bdr`,
    );
    t.deepEqual(row, { calls: expected, different: expected });
    // No report was requested while another one could still be fetched: every report was loaded, or has the content of one
    // that was, except the lost ones.
    t.deepEqual(
      await ledger.query(
        `select report_id, state from billing_reports where state <> 'loaded' and (state <> 'kept' or same_as is null)`,
      ),
      [],
    );
    t.is(await recorded(), billing.reports.length - unrecorded);

    async function kill(at: Moment): Promise<boolean> {
      const known = await recorded();
      const asked = billing.reports.length;
      const killed = 'request' in at ? await killAtRequest(at) : await killAtTable(at.table);
      // The API accepted a request, but the process was killed before it recorded the report ID.
      unrecorded += billing.reports.length - asked - ((await recorded()) - known);
      return killed;
    }

    async function killAtRequest({ request, answered }: { request: number; answered: boolean }): Promise<boolean> {
      let count = 0;
      let isDue = () => {};
      const due = new Promise<void>((resolve) => {
        isDue = resolve;
      });
      ledger.proxy.onRequest = () => {
        count += 1;
        if (count === request) isDue();
        return count === request && !answered ? gone : undefined;
      };
      const { child, result } = startCli(t, args, { cwd, env });
      const gone = result.then(() => undefined);
      void due.then(() => child.kill('SIGKILL'));
      const { status, output } = await result;
      ledger.proxy.onRequest = () => undefined;
      await waitForGone(ledger);
      if (child.signalCode === 'SIGKILL') return true;
      t.is(status, 0, output);
      return false;
    }

    async function killAtTable(table: string): Promise<boolean> {
      const blocker = await ledger.database.pool.connect();
      try {
        await blocker.query('begin');
        await blocker.query(`lock table ${table} in share mode`);
        const { child, result } = startCli(t, args, { cwd, env });
        await waitForBlocked(ledger);
        child.kill('SIGKILL');
        await result;
        return true;
      } finally {
        await blocker.query('rollback');
        blocker.release();
        await waitForGone(ledger);
      }
    }
  }
  t.log(`${moments.length} kills, ${posts()} requests, ${unrecorded} of them lost: ${moments.join(' ')}`);
  const names = await readdir(join(cwd, 'data', 'downloads'));
  t.true(names.every((name) => /^9900000-BDR-2025-\d\d-01-2025-\d\d-05-[0-9a-f-]{36}\.zip(\.\d+\.part)?$/.test(name)));
});
