import pg from 'pg';

/**
 * SQLSTATEs that rule out the fast path: the table is in use, the role doesn't own it, or other objects depend on its
 * key. If a foreign key of another table prevents the truncation, PostgreSQL reports "feature not supported" (0A000).
 */
const expectedErrors = new Set(['55P03', '42501', '2BP01', '0A000']);

/**
 * Fills a table. If the table is empty, as in the first run, drops its indexes and recreates them afterwards: building
 * an index over sorted rows takes a third of the time of as many insertions, and a table truncated in the same
 * transaction needs no write-ahead log unless there is a standby (PostgreSQL manual, "Populating a Database"). Readers
 * of the empty table wait until the transaction ends, and so would the runs of other accounts: with several accounts,
 * or if the table has rows, the indexes are kept.
 *
 * @param table the table name, as SQL
 * @param accounts how many accounts may fill the table at the same time
 * @param fill writes the rows and returns their number
 */
export async function fillTable(
  client: pg.ClientBase,
  { table, accounts }: { table: string; accounts: number },
  fill: () => Promise<number>,
): Promise<number> {
  if (accounts > 1) return fill();
  const createIndexes = await dropIndexesIfEmpty(client, table);
  const rows = await fill();
  for (const statement of createIndexes) await client.query(statement);
  return rows;
}

/**
 * Drops the indexes of an empty table and returns the statements that recreate them; none if the table is unchanged.
 */
async function dropIndexesIfEmpty(client: pg.ClientBase, table: string): Promise<string[]> {
  // Check without the lock first, so a table with rows is never locked.
  if (!(await isEmpty(client, table))) return [];
  await client.query('savepoint before_taking');
  try {
    await client.query(`lock table ${table} in access exclusive mode nowait`);
    if (await isEmpty(client, table)) {
      const { rows } = await client.query<{ drop: string; make: string }>(
        `select case when k.oid is null then format('drop index %s', i.indexrelid::regclass)
               else format('alter table %s drop constraint %I', i.indrelid::regclass, k.conname) end as drop,
             case when k.oid is null then pg_get_indexdef(i.indexrelid)
               else format('alter table %s add constraint %I %s', i.indrelid::regclass, k.conname, pg_get_constraintdef(k.oid)) end as make
           from pg_index i left join pg_constraint k on k.conindid = i.indexrelid and k.conrelid = i.indrelid
          where i.indrelid = $1::regclass order by i.indexrelid`,
        [table],
      );
      if (rows.length > 0) {
        await client.query(`truncate ${table}`);
        for (const { drop } of rows) await client.query(drop);
        return rows.map(({ make }) => make);
      }
    }
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || !expectedErrors.has(error.code ?? '')) throw error;
  }
  await client.query('rollback to savepoint before_taking');
  return [];
}

async function isEmpty(client: pg.ClientBase, table: string): Promise<boolean> {
  const { rows } = await client.query<{ empty: boolean }>(`select not exists (select from ${table}) as empty`);
  return rows[0]?.empty === true;
}
