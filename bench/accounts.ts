import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openDatabase } from '../src/database/connect.js';
import { peakIn, printPeak } from '../test/support/peak-memory.js';
import { removeDataFolder } from '../test/support/postgres.js';
import { commandLine, startSandboxProcess } from './sandbox-process.js';
import { timed } from './support.js';

const run = promisify(execFile);

export interface AccountsBench {
  accounts: number;
  numbersPerAccount: number;
  latencyMs: number;
  /** Jobs to run instead of the nightly run. */
  jobs?: readonly string[];
}

interface Night {
  seconds: number;
  megabytes: number;
  /** Seconds of each account's nightly run, in the order of the accounts. */
  each: number[];
}

interface SummaryRow {
  account: string;
  result: string;
  seconds: number;
}

/**
 * The first and a quiet nightly run of several accounts, one account and then eight at a time. Also compares the last
 * account's jobs with the first account's, one at a time: the cost of an account must not grow with the ledger.
 */
export async function benchAccounts({
  accounts,
  numbersPerAccount,
  latencyMs,
  jobs = ['nightly'],
}: AccountsBench): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tn-ledger-bench-'));
  const database = await openDatabase({
    dataDir: join(folder, 'data'),
    applicationName: 'tn-ledger bench',
    log: () => undefined,
  });
  const ids = Array.from({ length: accounts }, (_, index) => String(9_900_000 + index));
  const amount = Math.round(numbersPerAccount / 1000);
  const sandbox = await startSandboxProcess({
    accounts: ids.map((id) => ({ id, numbers: numbersPerAccount })),
    latency: latencyMs,
    ...{ orders: amount, disconnects: amount, portins: amount, portouts: amount, assignments: amount },
    // The first run requests one day; large reports have their own benchmark.
    billing: { rowsPerDay: 100 },
  });
  try {
    const night = async (concurrency: number): Promise<Night> => {
      const env = {
        ...process.env,
        ...sandbox.env,
        DATABASE_URL: database.url,
        TN_LEDGER_DATA_DIR: join(folder, `run-${concurrency}`),
        TN_LEDGER_CONCURRENT_ACCOUNTS: String(concurrency),
        TN_LEDGER_LOG_LEVEL: 'error',
        BANDWIDTH_REQUESTS_PER_MINUTE: '1000000',
      };
      let output = { stdout: '', stderr: '' };
      const seconds = await timed(async () => {
        output = await run(process.execPath, ['--import', printPeak, commandLine, 'run', ...jobs, '--json'], {
          ...{ env, maxBuffer: 1e8 },
        });
      });
      const rows: SummaryRow[] = JSON.parse(output.stdout);
      const failed = rows.filter(({ result }) => result !== 'succeeded');
      if (failed.length > 0) throw new Error(`Not every job succeeded:\n${JSON.stringify(failed, null, 2)}`);
      const each = ids.map((id) =>
        rows.filter(({ account }) => account === id).reduce((sum, row) => sum + row.seconds, 0),
      );
      return { seconds, megabytes: peakIn(output.stderr) / 1024 ** 2, each };
    };

    process.stdout.write(
      `${accounts} accounts of ${numbersPerAccount.toLocaleString('en-US')} numbers, ${latencyMs} ms latency …\n`,
    );
    const nights = new Map<number, Night[]>();
    for (const concurrency of [1, 8]) {
      await database.pool.query('drop schema if exists tn_ledger cascade');
      await database.pool.query('drop schema if exists tn_ledger_staging cascade');
      const both = [await night(concurrency), await night(concurrency)];
      nights.set(concurrency, both);
      for (const [index, { seconds, megabytes, each }] of both.entries()) {
        const growth = (each.at(-1) as number) / (each[0] as number);
        process.stdout.write(
          `${concurrency} at a time, ${index === 0 ? 'first' : 'quiet'} run: ${seconds.toFixed(1)} s, peak memory ${megabytes.toFixed(0)} MB` +
            `${concurrency === 1 ? `; the last account's jobs take ${growth.toFixed(2)} times the first's` : ''}\n`,
        );
      }
    }
    for (const [index, which] of ['first', 'quiet'].entries()) {
      const [one, eight] = [1, 8].map((concurrency) => nights.get(concurrency)?.[index]?.seconds ?? Number.NaN);
      process.stdout.write(
        `${which} run: ${((one as number) / (eight as number)).toFixed(2)} times as fast with 8 at a time\n`,
      );
    }
  } finally {
    sandbox.stop();
    await database.close();
    await removeDataFolder(join(folder, 'data'));
    await rm(folder, { recursive: true, force: true });
  }
}
