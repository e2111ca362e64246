import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openDatabase } from '../src/database/connect.js';
import type { LoggedRequest } from '../src/sandbox/server.js';
import { peakIn, printPeak } from '../test/support/peak-memory.js';
import { removeDataFolder } from '../test/support/postgres.js';
import { commandLine, type SandboxProcess, startSandboxProcess } from './sandbox-process.js';

const run = promisify(execFile);
const inFlight = 4;
const numbersPerOrder = 10;
/**
 * Average seconds per request if fetch sends `count` of them, with the same concurrency as the client, and ignores the
 * responses.
 */
async function timeBareRequests(sandbox: SandboxProcess, count: number): Promise<number> {
  const authorization = `Bearer ${await sandbox.token()}`;
  const url = `${sandbox.env.BANDWIDTH_API_URL}/accounts/${sandbox.env.BANDWIDTH_ACCOUNT_ID}`;
  let left = count;
  const startedAt = performance.now();
  const send = async () => {
    for (; left > 0; left -= 1) await (await fetch(url, { headers: { authorization } })).text();
  };
  await Promise.all(Array.from({ length: inFlight }, send));
  return (performance.now() - startedAt) / 1000 / count;
}

/**
 * The first sync of the number orders of an account with their details, without a rate limit, compared with the minimum
 * time of its requests: `latencyMs` each, four at a time.
 */
export async function benchOrderDetails({ orders, latencyMs }: { orders: number; latencyMs: number }): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tn-ledger-bench-'));
  const database = await openDatabase({
    dataDir: join(folder, 'data'),
    applicationName: 'tn-ledger bench',
    log: () => undefined,
  });
  const numbers = orders * numbersPerOrder;
  const sandbox = await startSandboxProcess({ numbers, orders, latency: latencyMs });
  try {
    const env = {
      ...process.env,
      ...sandbox.env,
      DATABASE_URL: database.url,
      BANDWIDTH_REQUESTS_PER_MINUTE: '1000000',
      BANDWIDTH_CONCURRENCY: String(inFlight),
    };
    await run(process.execPath, [commandLine, 'migrate'], { env });
    await fetch(`${sandbox.admin}/requests`, { method: 'DELETE' });
    const startedAt = performance.now();
    const { stderr } = await run(
      process.execPath,
      ['--import', printPeak, commandLine, 'run', 'sync-orders', '--json'],
      { env, maxBuffer: 1e8 },
    );
    const seconds = (performance.now() - startedAt) / 1000;
    const requests = (await (await fetch(`${sandbox.admin}/requests`)).json()) as LoggedRequest[];
    const byId = requests.filter(({ path }) => /\/orders\/./.test(path)).map(({ at }) => at);
    const byIdSeconds = ((byId.at(-1) ?? 0) - (byId[0] ?? 0) + latencyMs) / 1000;
    const { rows } = await database.pool.query(
      `select count(details_at)::int as read, (select count(*)::int from tn_ledger.orders_numbers) as numbers from tn_ledger.orders`,
    );
    const bare = await timeBareRequests(sandbox, 400);
    const minimum = (count: number) => (count * latencyMs) / 1000 / inFlight;
    const megabytes = Math.round(peakIn(stderr) / 1024 ** 2);
    process.stdout.write(
      `details of ${rows[0].read} orders with ${rows[0].numbers} numbers, including lists and startup: ${requests.length} requests in ` +
        `${seconds.toFixed(1)} s, ${(seconds / minimum(requests.length)).toFixed(2)} times the minimum at ${latencyMs} ms each, ${inFlight} ` +
        `at a time; the single orders alone ${(byIdSeconds / minimum(byId.length)).toFixed(2)} times, and bare fetch ` +
        `${(bare / minimum(1)).toFixed(2)} times; peak memory ${megabytes} MB\n`,
    );
    await database.pool.query('drop schema if exists tn_ledger cascade');
  } finally {
    sandbox.stop();
    await database.close();
    await removeDataFolder(join(folder, 'data'));
    await rm(folder, { recursive: true, force: true });
  }
}
