import type pg from 'pg';

export interface BatchedQuery {
  /** Name of the cursor, as SQL. */
  name: string;
  text: string;
  values?: readonly unknown[];
  /** Rows per batch. */
  size: number;
  /** `array`: rows are arrays of their values. */
  rowMode?: 'array';
}

/** Yields all rows of a query in batches, in the client's transaction. */
export async function* readInBatches<Row extends pg.QueryResultRow | unknown[]>(
  client: pg.ClientBase,
  { name, text, values = [], size, rowMode }: BatchedQuery,
): AsyncGenerator<Row[]> {
  // All rows are fetched, so plan for the total time, not for the first rows.
  await client.query('set local cursor_tuple_fraction = 1');
  await client.query(`declare ${name} no scroll cursor for ${text}`, [...values]);
  for (;;) {
    const fetched = await client.query({
      text: `fetch ${size} from ${name}`,
      ...(rowMode !== undefined && { rowMode }),
    });
    const rows: Row[] = fetched.rows;
    if (rows.length > 0) yield rows;
    if (rows.length < size) break;
  }
  await client.query(`close ${name}`);
}
