import { type Benchmark, type Comparison, compete, type Scope } from './benchmark.js';
import type { SandboxProcess } from './sandbox-process.js';
import { type Setting, withSandbox } from './setting.js';

const inFlight = 4;
const latencyMs = 50;
const numbersPerOrder = 10;

/**
 * The first sync of the number orders of an account with their details, without a rate limit. The floor is the time that the latency of
 * its requests takes, four at a time.
 */
export const orders: Benchmark = {
  name: 'orders',
  size: 100_000,
  unit: 'orders',
  // One order at a time takes four times as long.
  rivalSize: 2000,
  measure: (scope) =>
    withSandbox(
      { numbers: scope.size * numbersPerOrder, orders: scope.size, latency: latencyMs },
      async (setting, sandbox) => [await measure(scope, setting, sandbox)],
    ),
};

async function measure(scope: Scope, setting: Setting, sandbox: SandboxProcess): Promise<Comparison> {
  const { database, command, rival, psql, emptyLedger } = setting;
  const env = { ...sandbox.env, BANDWIDTH_CONCURRENCY: String(inFlight) };
  let requests = 0;
  const count = async (table: string) => {
    const { rows } = await database.pool.query(
      `select (select count(*)::int from ${table}) as orders, (select count(*)::int from ${table}_numbers) as numbers`,
    );
    return JSON.stringify(rows[0]);
  };
  let read = '';
  return compete(scope, {
    work: `orders with details, ${inFlight} at a time, ${latencyMs} ms each`,
    goals: { floor: 1.1 },
    isPaced: true,
    ours: {
      prepare: async () => {
        await emptyLedger();
        await command(['migrate'], env);
        await sandbox.clearRequests();
      },
      run: async () => {
        const output = await command(['run', 'sync-orders'], env);
        requests = (await sandbox.requests()).length;
        read = await count('tn_ledger.orders');
        return output;
      },
    },
    floor: { run: async () => ({ seconds: (requests * latencyMs) / 1000 / inFlight }) },
    rival: {
      prepare: () =>
        psql(
          '-c',
          `drop table if exists public.rival_orders, public.rival_orders_numbers;
           create table public.rival_orders as select account_id, order_id, customer_order_id, order_type, status, order_date,
             last_modified_date, count_of_tns, user_id from tn_ledger.orders limit 0;
           alter table public.rival_orders add primary key (account_id, order_id);
           create table public.rival_orders_numbers as select account_id, order_id, telephone_number from tn_ledger.orders_numbers limit 0;
           alter table public.rival_orders_numbers add primary key (account_id, order_id, telephone_number)`,
        ),
      run: async () => {
        const output = await rival('orders', [], { ...sandbox.env, BENCH_TOKEN: await sandbox.token() });
        const rivals = await count('public.rival_orders');
        if (rivals !== read) throw new Error(`The rival has ${rivals}, tn-ledger ${read}.`);
        return output;
      },
    },
  });
}
