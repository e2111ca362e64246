import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openDatabase } from '../src/database/connect.js';
import type { LoggedRequest } from '../src/sandbox/server.js';
import { peakIn, printPeak } from '../test/support/peak-memory.js';
import { removeDataFolder } from '../test/support/postgres.js';
import { commandLine, startSandboxProcess } from './sandbox-process.js';

const run = promisify(execFile);

/**
 * Assigns a file of numbers, from reading it to its results, at a rate limit that the sandbox also enforces. Compares
 * the time with the minimum that the rate limit allows, polls included, and measures the preparation (read, check,
 * record) with a dry run.
 */
export async function benchAssignment({
  numbers,
  requestsPerMinute,
}: {
  numbers: number;
  requestsPerMinute: number;
}): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tn-ledger-bench-'));
  const database = await openDatabase({
    dataDir: join(folder, 'data'),
    applicationName: 'tn-ledger bench',
    log: () => undefined,
  });
  const sandbox = await startSandboxProcess({
    numbers: numbers + Math.ceil(numbers / 10),
    assignmentPace: { ms: 5000 },
    ...{ orders: 0, disconnects: 0, portins: 0, portouts: 0, assignments: 0 },
  });
  try {
    const env = {
      ...process.env,
      ...sandbox.env,
      DATABASE_URL: database.url,
      TN_LEDGER_DATA_DIR: join(folder, 'data'),
      TN_LEDGER_LOG_LEVEL: 'warn',
    };
    const command = async (perMinute: number, ...args: string[]) => {
      const startedAt = performance.now();
      const { stdout, stderr } = await run(process.execPath, ['--import', printPeak, commandLine, ...args], {
        env: { ...env, BANDWIDTH_REQUESTS_PER_MINUTE: String(perMinute) },
        maxBuffer: 1e8,
      });
      const peak = peakIn(stderr);
      return { seconds: (performance.now() - startedAt) / 1000, peakMegabytes: peak / 1e6, stdout };
    };
    await command(1_000_000, 'run', 'sync-inservice-numbers');
    const { rows } = await database.pool.query(
      `select telephone_number from tn_ledger.telephone_numbers where npa is not null order by md5(telephone_number) limit $1`,
      [numbers],
    );
    const file = join(folder, 'numbers.csv');
    await writeFile(file, ['telephone_number', ...rows.map((row) => row.telephone_number), ''].join('\n'));

    const dryRun = await command(requestsPerMinute, 'assign', file, '--action', 'ASSIGN', '--dry-run');
    process.stdout.write(
      `Assignment of ${rows.length.toLocaleString('en-US')} numbers: a dry run (read, check, record, roll back) took ${dryRun.seconds.toFixed(1)} s\n`,
    );
    await fetch(`${sandbox.admin}/requests`, { method: 'DELETE' });
    const real = await command(requestsPerMinute, 'assign', file, '--action', 'ASSIGN', '--json', '--timeout', '1h');
    const requests = ((await (await fetch(`${sandbox.admin}/requests`)).json()) as LoggedRequest[]).filter(
      ({ path }) => !path.endsWith('/token'),
    );
    const posts = requests.filter(({ method }) => method === 'POST').length;
    const rejected = requests.filter(({ status }) => status === 429).length;
    const minimum = (Math.ceil(requests.length / requestsPerMinute) - 1) * 60;
    const { accepted_count: accepted, sending_seconds: sending } = JSON.parse(real.stdout);
    process.stdout.write(
      `${accepted.toLocaleString('en-US')} accepted; ${requests.length} requests (${posts} orders, ${rejected} rejected with 429) at ${requestsPerMinute} per minute: ` +
        `${sending.toFixed(1)} s from the first order to the last outcome, ${(sending / minimum).toFixed(3)} times the minimum of ${minimum} s at this rate limit; ` +
        `${real.seconds.toFixed(1)} s in total, peak ${real.peakMegabytes.toFixed(0)} MB\n`,
    );
  } finally {
    sandbox.stop();
    await database.close();
    await removeDataFolder(join(folder, 'data'));
    await rm(folder, { recursive: true, force: true });
  }
}
