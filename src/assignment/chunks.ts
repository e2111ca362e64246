import type pg from 'pg';
import type { AssignmentOrder } from '../dashboard/number-assignments.js';
import type { Database } from '../database/connect.js';
import { change } from '../database/transaction.js';
import type { Action } from './action.js';

/** The numbers of a batch that are sent to Bandwidth in one order. */
export interface Chunk {
  batchId: string;
  chunkNumber: number;
  action: Action;
  customerOrderId: string;
  /** In the order of the file. */
  telephoneNumbers: string[];
}

/** The state of an order of a batch. */
export interface ChunkState {
  chunkNumber: number;
  numberCount: number;
  /** prepared, submitting or unknown, or a status from Bandwidth. */
  status: string;
  orderId: string | undefined;
  /** Milliseconds since it was last sent, on the database's clock. */
  ageMs: number | undefined;
}

export type ChunkKey = Pick<Chunk, 'batchId' | 'chunkNumber'>;

type Queryable = pg.ClientBase | pg.Pool;

/** Returns the orders of a batch that aren't final. */
export async function openChunks(db: Queryable, batchId: string): Promise<ChunkState[]> {
  const { rows } = await db.query(
    `select chunk_number, number_count, status, order_id,
            (extract(epoch from clock_timestamp() - submitted_at) * 1000)::float8 as age_ms
       from assignment_orders
      where batch_id = $1 and finished_at is null order by chunk_number`,
    [batchId],
  );
  return rows.map((row) => ({
    chunkNumber: row.chunk_number,
    numberCount: row.number_count,
    status: row.status,
    orderId: row.order_id ?? undefined,
    ageMs: row.age_ms ?? undefined,
  }));
}

export async function loadChunk(db: Queryable, batchId: string, chunkNumber: number): Promise<Chunk> {
  const { rows } = await db.query(
    `select o.action, o.customer_order_id,
            array(select telephone_number from assignment_numbers n
                   where n.batch_id = o.batch_id and n.chunk_number = o.chunk_number order by line_number, position_in_line) as numbers
       from assignment_orders o where o.batch_id = $1 and o.chunk_number = $2`,
    [batchId, chunkNumber],
  );
  const { action, customer_order_id: customerOrderId, numbers } = rows[0];
  return { batchId, chunkNumber, action, customerOrderId, telephoneNumbers: numbers };
}

/**
 * Records, before sending, that a chunk is about to be sent: a process that finds it in this state must look up its
 * order first.
 */
export async function markSubmitting(database: Database, { batchId, chunkNumber }: ChunkKey): Promise<void> {
  await change(
    database,
    `update assignment_orders
        set status = 'submitting', attempts = attempts + 1, submitted_at = clock_timestamp(), error_code = null, error_description = null
      where batch_id = $1 and chunk_number = $2`,
    [batchId, chunkNumber],
  );
}

/** Records that the order exists, with Bandwidth's id and status. */
export async function markPlaced(
  database: Database,
  { batchId, chunkNumber }: ChunkKey,
  order: AssignmentOrder,
): Promise<void> {
  await change(
    database,
    `update assignment_orders set status = $3, order_id = $4, error_code = null, error_description = null
      where batch_id = $1 and chunk_number = $2`,
    [batchId, chunkNumber, order.status, order.orderId],
  );
}

/** Records that the order may or may not exist. */
export async function markUnknown(database: Database, { batchId, chunkNumber }: ChunkKey, why: string): Promise<void> {
  await change(
    database,
    `update assignment_orders set status = 'unknown', error_description = $3 where batch_id = $1 and chunk_number = $2`,
    [batchId, chunkNumber, why],
  );
}
