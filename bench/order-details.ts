import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openDatabase } from '../src/database/connect.js';
import type { LoggedRequest } from '../src/sandbox/server.js';
import { removeDataFolder } from '../test/support/postgres.js';
import { commandLine, type SandboxProcess, startSandboxProcess } from './sandbox-process.js';

const run = promisify(execFile);
const inFlight = 4;
const numbersPerOrder = 10;
/** Loaded into the measured process: tells the most memory that it had. */
const tellMemory = `data:text/javascript,process.on('exit', () => process.stderr.write('kilobytes=' + process.resourceUsage().maxRSS + '\\n'))`;

/** Seconds that a request takes when fetch sends so many, as many at a time as the client does, and nothing is done with them. */
async function timeBareRequests(sandbox: SandboxProcess, count: number): Promise<number> {
  const authorization = `Bearer ${await sandbox.token()}`;
  const url = `${sandbox.env.BANDWIDTH_API_URL}/accounts/${sandbox.env.BANDWIDTH_ACCOUNT_ID}`;
  let left = count;
  const begun = performance.now();
  const send = async () => {
    for (; left > 0; left -= 1) await (await fetch(url, { headers: { authorization } })).text();
  };
  await Promise.all(Array.from({ length: inFlight }, send));
  return (performance.now() - begun) / 1000 / count;
}

/**
 * The first reading of an account's number orders with their details, its ceiling lifted, against the time that its requests take
 * with nothing else to do: each `latencyMs`, four at a time.
 */
export async function benchOrderDetails({ orders, latencyMs }: { orders: number; latencyMs: number }): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tn-ledger-bench-'));
  const database = await openDatabase({
    dataDir: join(folder, 'data'),
    applicationName: 'tn-ledger bench',
    log: () => undefined,
  });
  const numbers = String(orders * numbersPerOrder);
  const sandbox = await startSandboxProcess(
    '--numbers',
    numbers,
    '--orders',
    String(orders),
    '--latency',
    String(latencyMs),
  );
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
    const begun = performance.now();
    const { stderr } = await run(
      process.execPath,
      ['--import', tellMemory, commandLine, 'run', 'sync-orders', '--json'],
      { env, maxBuffer: 1e8 },
    );
    const seconds = (performance.now() - begun) / 1000;
    const requests = (await (await fetch(`${sandbox.admin}/requests`)).json()) as LoggedRequest[];
    const byId = requests.filter(({ path }) => /\/orders\/./.test(path)).map(({ at }) => at);
    const byIdSeconds = ((byId.at(-1) ?? 0) - (byId[0] ?? 0) + latencyMs) / 1000;
    const { rows } = await database.pool.query(
      `select count(details_at)::int as read, (select count(*)::int from tn_ledger.orders_numbers) as numbers from tn_ledger.orders`,
    );
    const bare = await timeBareRequests(sandbox, 400);
    const least = (count: number) => (count * latencyMs) / 1000 / inFlight;
    const megabytes = Math.round(Number(/kilobytes=(\d+)/.exec(stderr)?.[1]) / 1024);
    process.stdout.write(
      `details of ${rows[0].read} orders with ${rows[0].numbers} numbers, lists and start included: ${requests.length} requests in ` +
        `${seconds.toFixed(1)} s, ${(seconds / least(requests.length)).toFixed(2)} times what ${latencyMs} ms each take ${inFlight} ` +
        `at a time; the orders alone ${(byIdSeconds / least(byId.length)).toFixed(2)} times, and fetch with nothing else to do ` +
        `${(bare / least(1)).toFixed(2)} times; at most ${megabytes} MB of memory\n`,
    );
    await database.pool.query('drop schema if exists tn_ledger cascade');
  } finally {
    sandbox.stop();
    await database.close();
    await removeDataFolder(join(folder, 'data'));
    await rm(folder, { recursive: true, force: true });
  }
}
