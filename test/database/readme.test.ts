import { readFile } from 'node:fs/promises';
import anyTest, { type TestFn } from 'ava';
import { openLedgerDatabase } from '../support/ledger-database.js';
import { startPostgres, type TestServer } from '../support/postgres.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

test('every query that the README shows runs', async (t) => {
  const { database } = await openLedgerDatabase(t, t.context.server);
  const readme = await readFile('README.md', 'utf8');
  const queries = [...readme.matchAll(/```sql\n(.+?)```/gs)].map(([, query]) => query as string);
  t.true(queries.length >= 8);
  for (const query of queries) await t.notThrowsAsync(database.pool.query(query), query);
});
