import anyTest, { type TestFn } from 'ava';
import pg from 'pg';
import { type CopyValue, copyBatches, copyRows } from '../../src/database/copy.js';
import fc, { cases } from '../support/fast-check.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { until } from '../sync/support/moments.js';

const test = anyTest as TestFn<{ server: TestServer; client: pg.Client }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.beforeEach(async (t) => {
  t.context.client = new pg.Client({ connectionString: t.context.server.url });
  await t.context.client.connect();
  await t.context.client.query('create temporary table landing (n int, a text, b text)');
});
test.afterEach.always((t) => t.context.client?.end());
test.after.always((t) => t.context.server?.stop());

const landing = { table: 'landing', columns: ['n', 'a', 'b'] };

async function landed(client: pg.Client): Promise<CopyValue[][]> {
  const { rows } = await client.query({
    text: 'select n::text, a, b from landing order by landing.n',
    rowMode: 'array',
  });
  return rows;
}

test('any text is stored unchanged: tabs, line ends, backslashes, NULL-like text, quotes, other scripts', async (t) => {
  const texts = [
    '',
    ' ',
    'a\tb',
    'a\nb',
    'a\rb',
    'a\r\nb',
    '\\',
    '\\\\',
    '\\N',
    '\\.',
    '\\t',
    'a\\',
    '\\\t',
    '"',
    "'",
    "O'Brien & <Söhne>",
    '電話番号',
    '📞',
    '\u0001\u0007\u000b\u001f\u007f',
    '\u2028',
  ];
  const rows = texts.map((text, index) => [String(index), text, [...text].toReversed().join('')]);
  t.is(await copyRows(t.context.client, landing, rows), texts.length);
  t.deepEqual(await landed(t.context.client), rows);
});

test('null and undefined are NULL, and an empty text is not', async (t) => {
  await copyRows(t.context.client, landing, [
    ['0', null, ''],
    ['1', undefined, '\\N'],
  ]);
  t.deepEqual(await landed(t.context.client), [
    ['0', null, ''],
    ['1', null, '\\N'],
  ]);
});

test('a NUL character, which PostgreSQL can’t store, becomes the replacement character', async (t) => {
  await copyRows(t.context.client, landing, [['0', 'a\0b', '\0\0']]);
  t.deepEqual(await landed(t.context.client), [['0', 'a\uFFFDb', '\uFFFD\uFFFD']]);
});

test('rows of arbitrary texts are read back unchanged', async (t) => {
  const text = fc.option(fc.string({ unit: 'binary' }), { nil: null });
  const property = fc.asyncProperty(fc.array(fc.tuple(text, text)), async (pairs) => {
    await t.context.client.query('truncate landing');
    const rows = pairs.map(([a, b], index) => [String(index), a, b]);
    await copyRows(t.context.client, landing, rows);
    const expected = rows.map((row) => row.map((value) => value?.replaceAll('\0', '\uFFFD') ?? null));
    t.deepEqual(await landed(t.context.client), expected);
  });
  await fc.assert(property, cases({ test: 25, soak: 100 }));
});

test('zero rows and many rows are loaded completely', async (t) => {
  t.is(await copyRows(t.context.client, landing, []), 0);
  const long = 'x'.repeat(200);
  function* many(): Iterable<CopyValue[]> {
    for (let n = 0; n < 30_000; n += 1) yield [String(n), long, null];
  }
  t.is(await copyRows(t.context.client, landing, many()), 30_000);
  const { rows } = await t.context.client.query('select count(*)::int, sum(n)::int, min(length(a)) as a from landing');
  t.deepEqual(rows, [{ count: 30_000, sum: (30_000 * 29_999) / 2, a: 200 }]);
});

test('if the row source fails, nothing is loaded, its error is thrown, and the connection is usable', async (t) => {
  const { client } = t.context;
  function* failing(after: number): Iterable<CopyValue[]> {
    for (let n = 0; n < after; n += 1) yield [String(n), 'x'.repeat(100), null];
    throw new RangeError('no more');
  }
  for (const after of [0, 1, 5000]) {
    await client.query('begin');
    await t.throwsAsync(copyRows(client, landing, failing(after)), { instanceOf: RangeError, message: 'no more' });
    await client.query('rollback');
    t.deepEqual(await landed(client), []);
  }
  t.is(await copyRows(client, landing, [['1', 'a', 'b']]), 1);
});

test('if the server rejects a row or the table, its error is thrown, and the connection is usable', async (t) => {
  const { client } = t.context;
  const refused = Array.from({ length: 20_000 }, (_, n) => [
    n === 15_000 ? 'no number' : String(n),
    'x'.repeat(50),
    null,
  ]);
  await client.query('begin');
  await t.throwsAsync(copyRows(client, landing, refused), { message: /invalid input syntax for type integer/ });
  await client.query('rollback');
  const nowhere = { table: 'nowhere', columns: ['a'] };
  await t.throwsAsync(copyRows(client, nowhere, [['a']]), { message: /relation "nowhere" does not exist/ });
  await t.throwsAsync(copyRows(client, nowhere, refused), { message: /relation "nowhere" does not exist/ });
  t.is(await copyRows(client, landing, [['1', 'a', 'b']]), 1);
  t.deepEqual(await landed(client), [['1', 'a', 'b']]);
});

test('batches are loaded in one COPY, and a row that the server rejects while the next batch is read fails the load', async (t) => {
  const { client, server } = t.context;
  const { pid } = (await client.query('select pg_backend_pid() as pid')).rows[0];
  const hasRefused = async () => {
    const { rows } = await server.superuser.query('select state from pg_stat_activity where pid = $1', [pid]);
    return rows[0].state === 'active' ? undefined : true;
  };
  async function* batches(second: CopyValue[], waitsForRefusal: boolean): AsyncGenerator<CopyValue[][]> {
    // Longer than what is written at a time.
    yield [['1', 'x'.repeat(20_000), null], second];
    if (waitsForRefusal) await until(hasRefused);
    yield [];
    yield [['3', 'c', null]];
  }
  t.is(await copyBatches(client, landing, batches(['2', 'b', null], false)), 3);
  t.deepEqual(
    (await landed(client)).map(([n]) => n),
    ['1', '2', '3'],
  );
  await t.throwsAsync(copyBatches(client, landing, batches(['two', 'x'.repeat(20_000), null], true)), {
    message: /invalid input syntax for type integer/,
  });
  t.is((await landed(client)).length, 3);
});

test('if the connection breaks, the load fails instead of hanging', async (t) => {
  const client = new pg.Client({ connectionString: t.context.server.url });
  client.on('error', () => undefined);
  await client.connect();
  await client.query('create temporary table landing (n int, a text, b text)');
  const { rows } = await client.query('select pg_backend_pid() as pid');
  let terminated: Promise<unknown> | undefined;
  function* breaking(): Iterable<CopyValue[]> {
    for (let n = 0; n < 200_000; n += 1) {
      if (n === 20_000) terminated = t.context.client.query('select pg_terminate_backend($1)', [rows[0].pid]);
      yield [String(n), 'x'.repeat(200), null];
    }
  }
  await t.throwsAsync(copyRows(client, landing, breaking()));
  await terminated;
  await client.end();
});
