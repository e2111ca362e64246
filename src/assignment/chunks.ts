import type pg from 'pg';
import type { AssignmentOrder } from '../dashboard/number-assignments.js';
import type { Action } from './action.js';

/** The numbers of a batch that go to Bandwidth in one order. */
export interface Chunk {
  batchId: string;
  chunkNumber: number;
  action: Action;
  customerOrderId: string;
  /** In the order of the file. */
  telephoneNumbers: string[];
}

/** Where an order of a batch stands. */
export interface ChunkState {
  chunkNumber: number;
  numberCount: number;
  /** prepared, submitting or unknown, or Bandwidth's word. */
  status: string;
  orderId: string | undefined;
  /** When it was last sent, by the database's clock. */
  submittedAt: Date | undefined;
}

export type ChunkKey = Pick<Chunk, 'batchId' | 'chunkNumber'>;

type Queryable = pg.ClientBase | pg.Pool;

/** The orders of a batch that are not at their end. */
export async function openChunks(db: Queryable, batchId: string): Promise<ChunkState[]> {
  const { rows } = await db.query(
    `select chunk_number, number_count, status, order_id, submitted_at from assignment_orders
      where batch_id = $1 and finished_at is null order by chunk_number`,
    [batchId],
  );
  return rows.map((row) => ({
    chunkNumber: row.chunk_number,
    numberCount: row.number_count,
    status: row.status,
    orderId: row.order_id ?? undefined,
    submittedAt: row.submitted_at ?? undefined,
  }));
}

export async function loadChunk(db: Queryable, batchId: string, chunkNumber: number): Promise<Chunk> {
  const { rows } = await db.query(
    `select o.action, o.customer_order_id,
            array(select telephone_number from assignment_numbers n
                   where n.batch_id = o.batch_id and n.chunk_number = o.chunk_number order by line_number) as numbers
       from assignment_orders o where o.batch_id = $1 and o.chunk_number = $2`,
    [batchId, chunkNumber],
  );
  const { action, customer_order_id: customerOrderId, numbers } = rows[0];
  return { batchId, chunkNumber, action, customerOrderId, telephoneNumbers: numbers };
}

/** Notes that a chunk is about to be sent, before it is: whoever finds it so later has to look for its order first. */
export async function markSubmitting(db: Queryable, { batchId, chunkNumber }: ChunkKey): Promise<void> {
  await db.query(
    `update assignment_orders
        set status = 'submitting', attempts = attempts + 1, submitted_at = clock_timestamp(), error_code = null, error_description = null
      where batch_id = $1 and chunk_number = $2`,
    [batchId, chunkNumber],
  );
}

/** Notes that the order exists, and what Bandwidth calls it. */
export async function markPlaced(
  db: Queryable,
  { batchId, chunkNumber }: ChunkKey,
  order: AssignmentOrder,
): Promise<void> {
  await db.query(
    `update assignment_orders set status = $3, order_id = $4, error_code = null, error_description = null
      where batch_id = $1 and chunk_number = $2`,
    [batchId, chunkNumber, order.status, order.orderId],
  );
}

/** Notes that nobody can tell whether the order exists. */
export async function markUnknown(db: Queryable, { batchId, chunkNumber }: ChunkKey, why: string): Promise<void> {
  await db.query(
    `update assignment_orders set status = 'unknown', error_description = $3 where batch_id = $1 and chunk_number = $2`,
    [batchId, chunkNumber, why],
  );
}
