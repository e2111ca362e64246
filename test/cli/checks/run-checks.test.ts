import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { startSandbox } from '../../../src/sandbox/server.js';
import { cli, makeEmptyDatabase, makeFolder, settingsOf } from '../../end-to-end/support.js';
import { startPostgres } from '../../support/postgres.js';

test('check tests every set of credentials of the accounts file, and each account with its own', async (t) => {
  const [server, sandbox] = await Promise.all([
    startPostgres(),
    startSandbox({ accounts: ['9900000', '9900001'].map((id) => ({ id, numbers: 10 })) }),
  ]);
  t.teardown(() => Promise.all([server.stop(), sandbox.close()]));
  const { url } = await makeEmptyDatabase(t, server);
  const file = join(await makeFolder(t), 'accounts.json');
  const set = (variable: string) => ({ client_id: sandbox.clientId, client_secret: { variable } });
  const accounts = [
    { id: '9900000', label: 'East', credentials: 'good' },
    { id: '9900001', credentials: 'expired', billing_types: [] },
  ];
  await writeFile(file, JSON.stringify({ credentials: { good: set('GOOD'), expired: set('EXPIRED') }, accounts }));
  const { BANDWIDTH_ACCOUNT_ID: _replaced, ...settings } = settingsOf(sandbox, url);
  const { status, stdout } = await cli(t, ['check'], {
    env: { ...settings, TN_LEDGER_ACCOUNTS_FILE: file, GOOD: sandbox.clientSecret, EXPIRED: 'expired-secret' },
  });
  t.is(status, 1);
  t.notRegex(stdout, /expired-secret/);
  const verdictOf = (title: string) => new RegExp(`^(\\w+) +${title}: `, 'm').exec(stdout)?.[1];
  t.deepEqual(
    ['token, good', 'token, expired', 'account 9900000', 'account 9900001'].map(verdictOf),
    ['ok', 'failed', 'ok', 'failed'],
    stdout,
  );
});
