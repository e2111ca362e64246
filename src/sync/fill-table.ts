import pg from 'pg';

/**
 * What keeps the quick way from being gone: somebody uses the table, it is not ours to change, or something hangs on its key (which
 * PostgreSQL calls a feature not supported where a foreign key of another table keeps it from being emptied).
 */
const obstacles = new Set(['55P03', '42501', '2BP01', '0A000']);

/**
 * Runs a statement that fills a table. One that is still empty, on the first night of all, is filled without its primary key,
 * which is made anew afterwards: an index over sorted rows takes a third of the time of as many insertions, and a table that the
 * transaction itself emptied needs no write-ahead log where no standby reads one (PostgreSQL's manual, "Populating a Database").
 * Until the transaction ends, whoever reads the empty table waits. Where that can't be, it is filled as any other.
 *
 * @param table its name, as SQL
 * @param fill writes the rows, and answers with how many
 */
export async function fillTable(client: pg.ClientBase, table: string, fill: () => Promise<number>): Promise<number> {
  const makeKey = await takeEmpty(client, table);
  const rows = await fill();
  if (makeKey !== undefined) await client.query(makeKey);
  return rows;
}

/** Takes the key off an empty table, and answers with the statement that makes it again; undefined where all stays as it is. */
async function takeEmpty(client: pg.ClientBase, table: string): Promise<string | undefined> {
  // Without the lock first: a table that holds something is never locked.
  if (!(await isEmpty(client, table))) return undefined;
  await client.query('savepoint before_taking');
  try {
    await client.query(`lock table ${table} in access exclusive mode nowait`);
    if (await isEmpty(client, table)) {
      const { rows } = await client.query<{ name: string; definition: string }>(
        `select conname as name, pg_get_constraintdef(oid) as definition from pg_constraint
          where conrelid = $1::regclass and contype = 'p'`,
        [table],
      );
      const [key] = rows;
      if (key !== undefined) {
        const name = pg.escapeIdentifier(key.name);
        await client.query(`truncate ${table}`);
        await client.query(`alter table ${table} drop constraint ${name}`);
        return `alter table ${table} add constraint ${name} ${key.definition}`;
      }
    }
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || !obstacles.has(error.code ?? '')) throw error;
  }
  await client.query('rollback to savepoint before_taking');
  return undefined;
}

async function isEmpty(client: pg.ClientBase, table: string): Promise<boolean> {
  const { rows } = await client.query<{ empty: boolean }>(`select not exists (select from ${table}) as empty`);
  return rows[0]?.empty === true;
}
