import type { AssignmentOrder } from '../dashboard/number-assignments.js';
import { numberAssignments } from '../dashboard/resources/number-assignments.js';
import type { Database } from '../database/connect.js';
import { inTransaction } from '../database/transaction.js';
import { type AssignmentFailure, type AssignmentOutcome, readAssignmentOutcome } from '../sync/assignment-outcome.js';
import { applyAssignmentOrder } from '../sync/history/apply-order-events.js';
import type { Chunk } from './chunks.js';

/**
 * In one transaction, writes the outcomes of a chunk's numbers, the order as the nightly sync of assignment orders
 * would write it, and the resulting assignment status of the numbers. Returns a warning for each inconsistency in
 * the order.
 */
export async function recordOutcome(
  database: Database,
  account: string,
  chunk: Chunk,
  order: AssignmentOrder,
): Promise<string[]> {
  const { orderId, contradiction, remarks, ...outcome } = outcomeOf(order, chunk);
  // If a power failure loses this commit, the order is polled again.
  await inTransaction(database, { asynchronous: true, repeatable: true }, async (client) => {
    await client.query(writeNumbers, [chunk.batchId, chunk.chunkNumber, ...outcomeValues(outcome)]);
    await client.query(
      `update assignment_orders
          set status = $3, order_id = $4, total_quantity = $5, failed_quantity = $6, error_code = $7, error_description = $8,
              finished_at = clock_timestamp()
        where batch_id = $1 and chunk_number = $2`,
      [
        chunk.batchId,
        chunk.chunkNumber,
        order.status,
        order.orderId,
        order.totalQuantity ?? null,
        order.failedQuantity ?? null,
        outcome.restFailure?.code ?? null,
        outcome.restFailure?.description ?? null,
      ],
    );
    await client.query(writeOrder, [
      account,
      order.orderId,
      chunk.customerOrderId,
      chunk.action,
      order.status,
      order.totalQuantity ?? null,
      order.failedQuantity ?? null,
      order.createdAt ?? null,
      order.userId ?? null,
      contradiction ?? null,
    ]);
    await client.query(writeOrderNumbers, [account, order.orderId, chunk.batchId, chunk.chunkNumber]);
    await applyAssignmentOrder(client, account, order.orderId);
  });
  const warnings = remarks.map((remark) => `order ${orderId} ${remark}`);
  if (contradiction === undefined) return warnings;
  return [
    ...warnings,
    `${outcome.restFailure?.description}. The outcome of the numbers that it doesn't list is unknown: the order doesn't count toward their assignment status, and the next nightly run reads the order again`,
  ];
}

/** The outcome of a final order, with a reason for every number that wasn't accepted. */
function outcomeOf(order: AssignmentOrder, { telephoneNumbers }: Chunk): AssignmentOutcome & { orderId: string } {
  const { orderId, status, totalQuantity, failedQuantity } = order;
  const outcome = readAssignmentOutcome({ ...order, numbers: { sent: telephoneNumbers } });
  if (outcome.rest === 'ACCEPTED') return { ...outcome, orderId };
  const description =
    outcome.rest === 'FAILED'
      ? `order ${orderId} failed`
      : `order ${orderId} does not add up: ${outcome.contradiction} (${status}, TotalQuantity ${totalQuantity ?? 'missing'}, FailedQuantity ${failedQuantity ?? 'missing'}, ${outcome.failures.size} failed numbers listed, ${telephoneNumbers.length} sent)`;
  return { ...outcome, orderId, restFailure: outcome.restFailure ?? { code: undefined, description } };
}

/** Records that Bandwidth refused the order as a whole: there is no order, and all of its numbers failed. */
export async function recordRefusal(database: Database, chunk: Chunk, failure: AssignmentFailure): Promise<void> {
  const outcome: WrittenOutcome = { failures: new Map(), rest: 'FAILED', restFailure: failure };
  await inTransaction(database, { repeatable: true }, async (client) => {
    await client.query(writeNumbers, [chunk.batchId, chunk.chunkNumber, ...outcomeValues(outcome)]);
    await client.query(
      `update assignment_orders
          set status = 'FAILED', error_code = $3, error_description = $4, finished_at = clock_timestamp()
        where batch_id = $1 and chunk_number = $2`,
      [chunk.batchId, chunk.chunkNumber, failure.code ?? null, failure.description],
    );
  });
}

const writeNumbers = `
  update assignment_numbers
     set outcome = case when $6::jsonb ? telephone_number then 'FAILED' else $3 end,
         error_code = case when $6::jsonb ? telephone_number then $6::jsonb -> telephone_number ->> 'code' else $4 end,
         error_description = case when $6::jsonb ? telephone_number then $6::jsonb -> telephone_number ->> 'description' else $5 end
   where batch_id = $1 and chunk_number = $2`;

type WrittenOutcome = Pick<AssignmentOutcome, 'failures' | 'rest' | 'restFailure'>;

function outcomeValues({ failures, rest, restFailure }: WrittenOutcome): unknown[] {
  return [
    rest,
    restFailure?.code ?? null,
    restFailure?.description ?? null,
    JSON.stringify(Object.fromEntries(failures)),
  ];
}

const writeOrder = `
  insert into ${numberAssignments.table} as o
    (account_id, order_id, customer_order_id, action, status, total_quantity, failed_quantity, order_date, user_id, details_at, details_status,
     unknown_reason, unknown_since)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, clock_timestamp(), $5, $10::text, case when $10::text is not null then clock_timestamp() end)
  on conflict (account_id, order_id) do update
     set customer_order_id = excluded.customer_order_id, action = excluded.action, status = excluded.status,
         total_quantity = coalesce(excluded.total_quantity, o.total_quantity),
         failed_quantity = coalesce(excluded.failed_quantity, o.failed_quantity),
         order_date = coalesce(excluded.order_date, o.order_date), user_id = coalesce(excluded.user_id, o.user_id),
         details_at = excluded.details_at, details_status = excluded.details_status,
         details_modified_date = o.last_modified_date, details_error = null, details_tried_at = null, changed_at = now(),
         unknown_reason = excluded.unknown_reason,
         unknown_since = case when excluded.unknown_reason is not null then coalesce(o.unknown_since, excluded.unknown_since) end
   where (o.status, o.details_status, o.unknown_reason)
         is distinct from (excluded.status, excluded.details_status, excluded.unknown_reason)`;

const writeOrderNumbers = `
  insert into ${numberAssignments.numbersTable} as n (account_id, order_id, telephone_number, outcome, error_code, error_description)
  select $1, $2, telephone_number, outcome,
         case when outcome = 'FAILED' then error_code end, case when outcome = 'FAILED' then error_description end
    from assignment_numbers where batch_id = $3 and chunk_number = $4
   order by telephone_number
  on conflict (account_id, order_id, telephone_number) do update
     set outcome = excluded.outcome, error_code = excluded.error_code, error_description = excluded.error_description
   where (n.outcome, n.error_code, n.error_description)
         is distinct from (excluded.outcome, excluded.error_code, excluded.error_description)`;
