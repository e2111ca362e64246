import type pg from 'pg';

export interface CountWithExamples {
  count: number;
  /** The first few rows, keyed by column. */
  examples: Record<string, unknown>[];
}

const examplesShown = 5;

/** Counts the rows of a query, and returns the first few. */
export async function countWithExamples(
  client: pg.ClientBase,
  sql: string,
  values: unknown[] = [],
): Promise<CountWithExamples> {
  const { rows } = await client.query<CountWithExamples>(
    `with found as (${sql})
     select (select count(*)::int from found) as count,
       (select coalesce(json_agg(e), '[]') from (select * from found limit ${examplesShown}) as e) as examples`,
    values,
  );
  return rows[0] as CountWithExamples;
}

/** Counts the rows of a query. */
export async function countRows(client: pg.ClientBase, sql: string): Promise<number> {
  const { rows } = await client.query<{ count: number }>(`select count(*)::int as count from (${sql}) as found`);
  return rows[0]?.count ?? 0;
}
