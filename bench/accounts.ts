import { type Benchmark, type Comparison, compete, print, type Scope } from './benchmark.js';
import type { SandboxProcess } from './sandbox-process.js';
import { type Output, type Setting, withSandbox } from './setting.js';

const accounts = 16;
const latencyMs = 50;
const ids = Array.from({ length: accounts }, (_, index) => String(9_900_000 + index));

/**
 * The first and a quiet nightly run of several accounts, eight at a time. The rival works on one account after the other, and the floor is
 * the slowest of those: no order of work finishes sooner.
 */
export const accountsAtOnce: Benchmark = {
  name: 'accounts',
  size: accounts * 20_000,
  unit: 'numbers',
  measure: (scope) => {
    const numbers = Math.round(scope.size / accounts);
    const amount = Math.round(numbers / 1000);
    const options = {
      accounts: ids.map((id) => ({ id, numbers })),
      latency: latencyMs,
      ...{ orders: amount, disconnects: amount, portins: amount, portouts: amount, assignments: amount },
      // The first run requests one day; large reports have their own benchmark.
      billing: { rowsPerDay: 100 },
    };
    return withSandbox(options, (setting, sandbox) => measure(scope, setting, sandbox));
  },
};

interface SummaryRow {
  account: string;
  result: string;
  seconds: number;
}

async function measure(scope: Scope, setting: Setting, sandbox: SandboxProcess): Promise<Comparison[]> {
  const night = async (concurrency: number): Promise<Output & { each: number[] }> => {
    const output = await setting.command(['run', 'nightly', '--json'], {
      ...sandbox.env,
      TN_LEDGER_CONCURRENT_ACCOUNTS: String(concurrency),
    });
    const rows: SummaryRow[] = JSON.parse(output.stdout);
    const failed = rows.filter(({ result }) => result !== 'succeeded');
    if (failed.length > 0) throw new Error(`Not every job succeeded:\n${JSON.stringify(failed, null, 2)}`);
    const each = ids.map((id) =>
      rows.filter(({ account }) => account === id).reduce((sum, row) => sum + row.seconds, 0),
    );
    return { ...output, each };
  };
  const runs = (work: string, prepare: () => Promise<unknown>) => {
    let slowest = Number.NaN;
    return compete(scope, {
      work: `${accounts} accounts, ${work} run, 8 at a time, ${latencyMs} ms latency`,
      goals: { floor: 2.5 },
      ours: { prepare, run: () => night(8) },
      rival: {
        prepare,
        run: async () => {
          const { each, ...output } = await night(1);
          slowest = Math.max(...each);
          // The cost of an account must not grow with the ledger.
          const growth = (each.at(-1) as number) / (each[0] as number);
          print(`${work} run, one by one: the last account's jobs take ${growth.toFixed(2)} times the first's`);
          return output;
        },
      },
      floor: { run: async () => ({ seconds: slowest }) },
    });
  };
  return [await runs('first', setting.emptyLedger), await runs('quiet', async () => undefined)];
}
