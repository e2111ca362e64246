import { mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { removeOldArchives } from '../../src/billing/downloads.js';
import { openLedgerDatabase } from '../support/ledger-database.js';
import { startPostgres } from '../support/postgres.js';

test('accounts that run side by side may remove the same old archives', async (t) => {
  const server = await startPostgres();
  t.teardown(() => server.stop());
  const { database } = await openLedgerDatabase(t, server);
  const folder = await mkdtemp(join(tmpdir(), 'tn-ledger-downloads-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const names = Array.from({ length: 50 }, (_, index) => `${index}.zip`);
  for (const name of [...names, 'a.zip.1.part']) {
    await writeFile(join(folder, name), '');
    await utimes(join(folder, name), 0, 0);
  }
  // Listed but gone, like a file that another account removes between the two.
  await symlink('nowhere', join(folder, 'gone.zip'));
  const options = { days: 400, now: new Date() };
  await t.notThrowsAsync(Promise.all([1, 2, 3, 4].map(() => removeOldArchives(database, folder, options))));
  t.deepEqual(await readdir(folder), ['gone.zip']);
});
