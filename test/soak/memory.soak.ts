import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import type { SandboxOptions } from '../../src/sandbox/server.js';
import { cliProcess } from '../end-to-end/support.js';
import { peakIn, printPeak } from '../support/peak-memory.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { openLedger } from '../sync/support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const megabyte = 1024 * 1024;

/** Peak memory of a first and a second run, in bytes. */
async function peaks(
  t: ExecutionContext<{ server: TestServer }>,
  sandbox: SandboxOptions & { numbers: number },
): Promise<number[]> {
  const ledger = await openLedger(t, t.context.server, { sandbox });
  const found: number[] = [];
  for (let night = 0; night < 2; night += 1) {
    const { status, output, stderr } = await cliProcess(t, ['run', 'nightly'], {
      env: ledger.env,
      nodeArguments: ['--import', printPeak],
    });
    t.is(status, 0, output);
    found.push(peakIn(stderr));
  }
  const [row] = await ledger.query('select count(*)::int as count from telephone_numbers where removed_at is null');
  t.deepEqual(row, { count: sandbox.numbers });
  return found;
}

const shown = (bytes: number[]) => bytes.map((each) => `${(each / megabyte).toFixed(1)} MB`).join(', ');

test('a run of 1,000,000 numbers peaks below 250 MB and within 20% of a run of 100,000', async (t) => {
  t.timeout(20 * 60_000);
  const short = await peaks(t, { numbers: 100_000 });
  const long = await peaks(t, { numbers: 1_000_000 });
  t.log(`100,000 numbers: ${shown(short)}; 1,000,000 numbers: ${shown(long)}`);
  t.true(Math.max(...long) < 250 * 1000 * 1000);
  t.true(Math.max(...long) <= 1.2 * Math.max(...short));
  t.true(Math.max(...long) >= 0.8 * Math.max(...short));
});

test('a run that reads 43,500 orders of six years peaks below 250 MB', async (t) => {
  t.timeout(20 * 60_000);
  const amounts = { orders: 30_000, disconnects: 8000, portins: 3000, portouts: 1000, assignments: 1500 };
  const found = await peaks(t, { numbers: 100_000, ...amounts });
  t.log(`first and second run: ${shown(found)}`);
  t.true(Math.max(...found) < 250 * 1000 * 1000);
});
