import type pg from 'pg';
import { historyDescriptions } from '../../dashboard/registry.js';
import { orders } from '../../dashboard/resources/orders.js';
import { readInBatches } from '../../database/cursor.js';
import { inTransaction } from '../../database/transaction.js';
import type { Day } from '../../days.js';
import type { JobContext } from '../../run/job.js';
import { awaitsDetails } from '../orders-to-read.js';
import { readWatermark } from '../windows/watermark.js';

/** Numbers per statement. */
const numbersAtOnce = 2500;

/** The longest that a transaction may take until its changes are visible: they are dated by its start. */
const longestTransaction = '1 hour';

const moving = historyDescriptions.filter(({ history }) => history.effect !== 'mark');

/** Numbers of orders that were first stored, or whose status changed, since `$2`. */
const numbersOfChangedOrders = moving
  .map(
    ({ table, numbersTable }) => `
      select n.telephone_number from (
        select order_id from ${table} where account_id = $1 and first_seen_at between $2 and 'infinity'
        union
        select order_id from order_status_changes
         where account_id = $1 and changed_at between $2 and 'infinity' and order_kind = '${table}') as o
      cross join lateral (
        select telephone_number from ${numbersTable} where account_id = $1 and order_id = o.order_id offset 0) as n`,
  )
  .join(' union all ');

/**
 * Compares the moves of numbers with the orders, and stores those that no order explains: for the numbers whose status history was
 * recorded since the last time, and for those with unexplained moves whose orders or dates changed since then.
 *
 * Only moves since the first day from which number orders were read count: an order before it may explain an earlier one.
 *
 * @returns why nothing was compared; undefined if it was
 */
export async function findUnexplainedMoves(context: JobContext): Promise<string | undefined> {
  const since = await readFirstDay(context);
  if (since === undefined) return 'not all orders that add or remove numbers have been read yet';
  await inTransaction(context.database, { repeatable: true, signal: context.signal }, async (client) => {
    context.run.add({ rowsWritten: await compare(client, context.account, since) });
  });
  return undefined;
}

/** The first day from which number orders were read; undefined while any orders that move numbers are yet to be read. */
async function readFirstDay(context: JobContext): Promise<Day | undefined> {
  let since: Day | undefined;
  for (const description of moving) {
    const mark = await readWatermark(context.database.pool, context, description.name);
    if (mark === undefined && !description.optional) return undefined;
    if (await awaitsDetails(context, description.details)) return undefined;
    if (description.name === orders.name) since = mark?.since;
  }
  return since;
}

async function compare(client: pg.ClientBase, account: string, since: Day): Promise<number> {
  const { rows } = await client.query<{ checked_to: string | null }>(
    `select case when since <= $2::date then checked_to end::text as checked_to from move_checks where account_id = $1`,
    [account, since],
  );
  const checkedTo = rows[0]?.checked_to ?? null;
  const recorded = `
    select distinct telephone_number from number_status_history
     where account_id = $1 and recorded_from between $2 and 'infinity' and (valid_from >= $3::date or valid_to >= $3::date)`;
  // An order may explain a move by now, or the ledger has another date for it. The first time, no move is unexplained.
  const corrected = `
    select distinct c.telephone_number from (
      ${numbersOfChangedOrders}
      union all
      select telephone_number from number_status_history_superseded where account_id = $1 and recorded_to between $2 and 'infinity') as c
     where exists (select from unexplained_moves u where u.account_id = $1 and u.telephone_number = c.telephone_number)`;
  const changedSince = [account, checkedTo ?? '-infinity'];
  let written = 0;
  for (const query of [
    { text: recorded, values: [...changedSince, since] },
    ...(checkedTo === null ? [] : [{ text: corrected, values: changedSince }]),
  ]) {
    const batches = { ...query, name: 'moved_numbers', size: numbersAtOnce, rowMode: 'array' } as const;
    for await (const rows of readInBatches<[string]>(client, batches)) {
      written += await compareNumbers(
        client,
        account,
        since,
        rows.map(([number]) => number),
      );
    }
  }
  await client.query(
    `insert into move_checks (account_id, since, checked_to) values ($1, $2, now() - interval '${longestTransaction}')
     on conflict (account_id) do update set since = excluded.since, checked_to = excluded.checked_to`,
    [account, since],
  );
  return written;
}

/** Stores the unexplained moves of numbers, and deletes those that are explained by now. Returns how many are new. */
async function compareNumbers(
  client: pg.ClientBase,
  account: string,
  since: Day,
  numbers: readonly string[],
): Promise<number> {
  const { rowCount } = await client.query(
    `with moves as materialized (select * from unexplained_moves_of($1, $2, $3)),
     explained as (
       delete from unexplained_moves u
        where u.account_id = $1 and u.telephone_number = any ($2)
          and not exists (
            select from moves m where (m.telephone_number, m.kind, m.moved_at) = (u.telephone_number, u.kind, u.moved_at)))
     insert into unexplained_moves (account_id, telephone_number, kind, moved_at, after_at)
     select $1, telephone_number, kind, moved_at, after_at from moves
     on conflict (account_id, telephone_number, kind, moved_at) do nothing`,
    [account, numbers, since],
  );
  return rowCount ?? 0;
}
