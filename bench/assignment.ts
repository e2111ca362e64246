import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoggedRequest } from '../src/sandbox/server.js';
import { type Benchmark, type Comparison, compete, print, type Scope } from './benchmark.js';
import type { SandboxProcess } from './sandbox-process.js';
import { type Setting, withSandbox } from './setting.js';

const requestsPerMinute = 60;
const orderSeconds = 5;
const numbersPerOrder = 5000;

/**
 * Assigns a file of numbers, from reading it to its results, at a rate limit. The floor is the time until the rate limit allows the last
 * of two requests per order, one to place it and one to read it, and at least the time that the API takes for an order.
 */
export const assignment: Benchmark = {
  name: 'assignment',
  size: 1_000_000,
  unit: 'numbers',
  // One order at a time takes as long as its 200 orders take at the API, one after the other.
  rivalSize: 50_000,
  measure: (scope) =>
    withSandbox(
      {
        numbers: scope.size + Math.ceil(scope.size / 10),
        assignmentPace: { ms: orderSeconds * 1000 },
        ...{ orders: 0, disconnects: 0, portins: 0, portouts: 0, assignments: 0 },
      },
      async (setting, sandbox) => [await measure(scope, setting, sandbox)],
    ),
};

async function measure(scope: Scope, setting: Setting, sandbox: SandboxProcess): Promise<Comparison> {
  const { database, command, rival, psql, folder } = setting;
  await command(['run', 'sync-inservice-numbers'], sandbox.env);
  const { rows } = await database.pool.query(
    `select telephone_number from tn_ledger.telephone_numbers where npa is not null order by md5(telephone_number) limit $1`,
    [scope.size],
  );
  const file = join(folder, 'numbers.csv');
  await writeFile(file, ['telephone_number', ...rows.map((row) => row.telephone_number), ''].join('\n'));
  // At the first order, the sandbox looks through its numbers, which takes seconds for a million. It would log the requests that arrive
  // meanwhile as if they had come later, and those of the next minute as too early.
  const first = join(folder, 'first.csv');
  await writeFile(first, `telephone_number\n${rows[0].telephone_number}\n`);
  await command(['assign', first, '--action', 'UNASSIGN', '--out', folder], sandbox.env);
  const env = { ...sandbox.env, BANDWIDTH_REQUESTS_PER_MINUTE: String(requestsPerMinute) };
  const requests = 2 * Math.ceil(rows.length / numbersPerOrder);
  const floor = Math.max(orderSeconds, (Math.ceil(requests / requestsPerMinute) - 1) * 60);

  return compete(scope, {
    work: `assignment file, ${requestsPerMinute} requests per minute`,
    goals: { floor: 1.03 },
    isPaced: true,
    ours: {
      // Also forgets the requests of the last minute.
      prepare: async () => {
        await database.pool.query('truncate assignment_batches, request_permits, request_waiters cascade');
        await sandbox.clearRequests();
      },
      run: async () => {
        const args = ['assign', file, '--action', 'ASSIGN', '--json', '--timeout', '1h', '--out', folder];
        const output = await command(args, env);
        const { accepted_count: accepted, sending_seconds: sending } = JSON.parse(output.stdout);
        const sent = await sandbox.requests();
        checkLimit(sent);
        const orders = sent.filter(({ method }) => method === 'POST').length;
        print(`${accepted} accepted, ${orders} orders, ${sent.length} requests; sending took ${sending} s`);
        return output;
      },
    },
    floor: { run: async () => ({ seconds: floor }) },
    rival: {
      prepare: () =>
        psql(
          '-c',
          `drop table if exists public.rival_assignments;
           create table public.rival_assignments (order_id text, telephone_number text primary key, outcome text, error_code text)`,
        ),
      run: async () => {
        await sandbox.clearRequests();
        const output = await rival('assignment', [file], { ...env, BENCH_TOKEN: await sandbox.token() });
        checkLimit(await sandbox.requests());
        return output;
      },
    },
  });
}

/** @throws if any minute has more requests than the rate limit allows */
function checkLimit(requests: readonly LoggedRequest[]): void {
  const times = requests.map(({ at }) => at);
  for (const [index, at] of times.entries()) {
    const gap = at - (times[index - requestsPerMinute] ?? Number.NEGATIVE_INFINITY);
    if (gap < 60_000)
      throw new Error(`Request ${index + 1} came ${gap} ms after the ${requestsPerMinute}th before it.`);
  }
}
