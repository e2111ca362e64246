import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { cli, makeFolder } from '../end-to-end/support.js';
import { killRun, type Moment } from '../sync/support/kills.js';
import { account } from '../sync/support/ledger.js';
import { type Assigning, resultLines } from './support.js';

/** Tables that every run of an unfinished batch writes to once the batch is recorded. */
const tables = ['assignment_orders', 'assignment_numbers'];

export interface KillPlan {
  /** How many of the account's numbers the file has. */
  numbers: number;
  kills: number;
  /** Returns random numbers below a bound. */
  random: (bound: number) => number;
}

/**
 * Submits a file with the command line, kills each run at a random moment until enough were killed, lets one run
 * finish, and asserts that the sandbox has each number once, in one order per chunk. Returns the results, with
 * orders identified by number.
 */
export async function assignUnderKills(t: ExecutionContext, world: Assigning, plan: KillPlan): Promise<string[]> {
  const { random } = plan;
  const numbers = world.numbers.slice(0, plan.numbers);
  const gone = numbers.filter((_, index) => index % 20 === 3);
  world.sandbox.account(account).disconnect(gone);
  const path = await world.write('numbers.csv', ['tn', ...numbers, '911', numbers[0] as string]);
  const out = join(world.dataDir, 'killed');
  const args = ['assign', path, '--action', 'ASSIGN', '--out', out];
  const requests = 2 * Math.ceil(plan.numbers / 5000) + 2;
  let kills = 0;
  let batches = 0;
  // Fewer requests are left after every kill that a run survives.
  while (kills < plan.kills) {
    const isOpen = (await world.query(`select from assignment_batches where status = 'open'`)).length > 0;
    if (!isOpen && (await world.query('select from assignment_batches')).length > batches) {
      batches += 1;
      args.push('--again', '--force');
    }
    const moment: Moment =
      isOpen && random(3) === 0
        ? { table: tables[random(tables.length)] as string }
        : { request: 1 + random(requests), answered: random(2) === 0 };
    if (await killRun(t, world, moment, isOpen ? args.filter((arg) => arg !== '--again') : args, [0, 3])) kills += 1;
  }
  const cwd = await makeFolder(t);
  const last = await cli(
    t,
    args.filter((arg) => arg !== '--again'),
    { cwd, env: { ...world.env, TN_LEDGER_DATA_DIR: `${cwd}/data` } },
  );
  t.is(last.status, 3, last.output);
  await assertExactlyOnce(t, world, numbers);
  return orderless(await resultLines(join(out, 'numbers.results.csv')));
}

/** Asserts that, for each batch, the sandbox has one order per chunk and every number exactly once. */
export async function assertExactlyOnce(
  t: ExecutionContext,
  world: Assigning,
  numbers: readonly string[],
): Promise<void> {
  const chunks = await world.query<{ batch_id: string; customer_order_id: string; order_id: string }>(
    'select batch_id, customer_order_id, order_id from assignment_orders order by batch_id, chunk_number',
  );
  const placed = new Map(world.placed().map((order) => [order.customerOrderId, order]));
  t.is(world.placed().length, chunks.length);
  t.is(placed.size, chunks.length);
  const sent = new Map<string, string[]>();
  for (const { batch_id: batch, customer_order_id: id, order_id: orderId } of chunks) {
    const order = placed.get(id);
    t.is(order?.orderId, orderId);
    sent.set(batch, [
      ...(sent.get(batch) ?? []),
      ...(order?.numbers.map(({ telephoneNumber }) => telephoneNumber) ?? []),
    ]);
  }
  t.true(sent.size > 0);
  for (const each of sent.values()) t.deepEqual(each, numbers);
}

/** Returns results with the orders numbered in the order in which they first appear. */
export function orderless(lines: readonly string[]): string[] {
  const ids = new Map<string, number>();
  return lines.map((line) => {
    const cells = line.split('|');
    const id = cells.pop() ?? '';
    if (id !== '' && !ids.has(id)) ids.set(id, ids.size + 1);
    return [...cells, ids.get(id) ?? ''].join('|');
  });
}
