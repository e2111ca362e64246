import anyTest, { type TestFn } from 'ava';
import { documentedQueries } from '../support/documented-queries.js';
import { openLedgerDatabase } from '../support/ledger-database.js';
import { startPostgres, type TestServer } from '../support/postgres.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

test('every query in the README and the docs runs', async (t) => {
  const { database } = await openLedgerDatabase(t, t.context.server);
  const queries = await documentedQueries();
  t.true(queries.length >= 17, `${queries.length} queries found`);
  for (const query of queries) await t.notThrowsAsync(database.pool.query(query), query);
});
