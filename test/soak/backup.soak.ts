import { join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import { type Manifest, readManifest } from '../../src/backup/manifest.js';
import { fillLedger } from '../backup/support/full-ledger.js';
import { cliProcess, makeEmptyDatabase, makeFolder } from '../end-to-end/support.js';
import { peakIn, printPeak } from '../support/peak-memory.js';
import { startPostgres, type TestServer } from '../support/postgres.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const megabyte = 1024 * 1024;

test('a ledger of 100,000 numbers with a filing and 600,000 call records survives backup, destruction and restore, in bounded memory', async (t) => {
  t.timeout(20 * 60_000);
  const ledger = await fillLedger(t, t.context.server, {
    ...{ numbers: 100_000, seed: 3, churn: 1000 },
    ...{ orders: 3000, disconnects: 800, portins: 300, portouts: 100, assignments: 150 },
    billing: { rowsPerDay: 200_000 },
  });
  const folder = await makeFolder(t);
  const peaks: number[] = [];
  const run = async (args: string[], url: string) => {
    const env = { ...ledger.env, DATABASE_URL: url };
    const begun = performance.now();
    const { status, output, stderr } = await cliProcess(t, args, { env, nodeArguments: ['--import', printPeak] });
    t.is(status, 0, output);
    const peak = peakIn(stderr);
    t.log(`${args[0]}: ${((performance.now() - begun) / 1000).toFixed(1)} s, ${(peak / megabyte).toFixed(0)} MB`);
    peaks.push(peak);
  };
  await run(['backup', join(folder, 'first')], ledger.env.DATABASE_URL as string);
  const [counts] = await ledger.query(
    `select sum(numbers_received)::int as received from nruf_utilization('2025-06-30')`,
  );
  const filings = await ledger.query('select filing_id, sha256, content from nruf_filings');
  t.is(filings.length, 1);
  const first = await readManifest(join(folder, 'first'), 'Nothing was done.');
  const before = await contentsOf(ledger.query, first);
  // Everything is gone, except for the backup.
  await ledger.query('drop schema tn_ledger cascade');
  await ledger.query('drop schema tn_ledger_queue cascade');

  const restored = await makeEmptyDatabase(t, t.context.server);
  await run(['restore', join(folder, 'first')], restored.url);
  t.log(`${first.tables.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6} MB`);
  t.deepEqual(await contentsOf((sql) => restored.query(sql), first), before);
  const rowsOf = (name: string) => first.tables.find((table) => table.name === name)?.rows ?? 0;
  t.true(rowsOf('telephone_numbers') >= 100_000);
  t.true(rowsOf('billing_bdr') >= 600_000);
  t.deepEqual(
    await restored.query('select filing_id, sha256, content from tn_ledger.nruf_filings'),
    filings as object[],
  );
  t.deepEqual(
    await restored.query(`select sum(numbers_received)::int as received from tn_ledger.nruf_utilization('2025-06-30')`),
    [counts as object],
  );
  t.true(Math.max(...peaks) < 250 * megabyte);
});

/** Rows of each table and the sum of their hashes: their order may differ after a restore. */
async function contentsOf(query: (sql: string) => Promise<unknown[]>, { tables }: Manifest): Promise<unknown> {
  const contents: Record<string, unknown> = {};
  for (const { name } of tables) {
    [contents[name]] = await query(
      `select count(*)::int as rows, sum(hashtextextended(t::text, 0)::numeric)::text as sum from tn_ledger.${name} t`,
    );
  }
  return contents;
}
