import { createHash, randomBytes } from 'node:crypto';
import anyTest, { type TestFn } from 'ava';
import { inTransaction } from '../../src/database/transaction.js';
import { readParts, type StoredFile } from '../../src/stored-files/parts.js';
import { storeResult } from '../../src/stored-files/result-files.js';
import { openLedgerDatabase } from '../support/ledger-database.js';
import { startPostgres, type TestServer } from '../support/postgres.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const mib = 1024 * 1024;

for (const bytes of [0, 1, mib, 2 * mib, 2 * mib + 1]) {
  test(`a file of ${bytes} bytes comes back byte for byte, in parts of at most 1 MiB`, async (t) => {
    const { database } = await openLedgerDatabase(t, t.context.server);
    const content = randomBytes(bytes);
    // Pieces that don't end where parts end.
    const pieces = [content.subarray(0, 300_001), content.subarray(300_001, mib + 7), content.subarray(mib + 7)];
    await inTransaction(database, {}, (client) =>
      storeResult(client, { account: '1', kind: 'report', name: 'r.html', content: pieces, runId: '5' }),
    );
    const { rows } = await database.pool.query('select file_id, file_sha256, byte_count from result_files');
    const sha256 = createHash('sha256').update(content).digest('hex');
    t.like(rows, [{ file_sha256: sha256, byte_count: String(bytes) }]);
    const file: StoredFile = {
      table: 'result_files',
      account: '1',
      fileId: rows[0].file_id,
      name: 'r.html',
      sha256,
      bytes,
    };
    const parts: Buffer[] = [];
    for await (const part of readParts(database.pool, file)) parts.push(part);
    t.deepEqual(
      parts.map(({ length }) => length),
      Array.from({ length: Math.ceil(bytes / mib) }, (_, index) => Math.min(mib, bytes - index * mib)),
    );
    t.true(Buffer.concat(parts).equals(content));
  });
}

test('a part that was changed in the database is reported as damage', async (t) => {
  const { database } = await openLedgerDatabase(t, t.context.server);
  await inTransaction(database, {}, (client) =>
    storeResult(client, { account: '1', kind: 'report', name: 'r.html', content: ['<html>'], runId: '5' }),
  );
  const { rows } = await database.pool.query(
    `with changed as (update result_file_parts set content = '\\x00' returning file_id)
     select file_id, file_sha256 from result_files join changed using (file_id)`,
  );
  const file = { table: 'result_files', account: '1', name: 'r.html', bytes: 6 } as const;
  const reading = readParts(database.pool, { ...file, fileId: rows[0].file_id, sha256: rows[0].file_sha256 });
  await t.throwsAsync(
    async () => {
      for await (const part of reading) t.is(part.length, 1);
    },
    { message: /^File \d+ \(r\.html\) of account 1 is damaged/ },
  );
});

test('a report replaces the earlier one of its account, with its parts', async (t) => {
  const { database } = await openLedgerDatabase(t, t.context.server);
  for (const [account, name] of [
    ['1', 'a.html'],
    ['2', 'b.html'],
    ['1', 'c.html'],
  ] as const) {
    await inTransaction(database, {}, (client) =>
      storeResult(client, { account, kind: 'report', name, content: [name], runId: '5' }),
    );
  }
  const { rows } = await database.pool.query(
    `select f.file_name, convert_from(p.content, 'utf8') as content from result_files f join result_file_parts p using (account_id, file_id) order by 1`,
  );
  t.deepEqual(rows, [
    { file_name: 'b.html', content: 'b.html' },
    { file_name: 'c.html', content: 'c.html' },
  ]);
  t.is((await database.pool.query('select from result_file_parts')).rowCount, 2);
});
