import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { makeFolder, startCli, until } from '../end-to-end/support.js';

test('accounts with their own schedule have their own next runs', async (t) => {
  const cwd = await makeFolder(t);
  const accounts = [{ id: '1' }, { id: '2', label: 'West', schedule: 'early' }, { id: '3' }];
  await writeFile(join(cwd, 'accounts.json'), JSON.stringify({ schedules: { early: '30 0 * * *' }, accounts }));
  const env = {
    TN_LEDGER_ACCOUNTS_FILE: 'accounts.json',
    BANDWIDTH_CLIENT_ID: 'id',
    BANDWIDTH_CLIENT_SECRET: 'secret',
    // Nothing connects to it before a run is due.
    DATABASE_URL: 'postgresql://user:password@127.0.0.1:1/none',
    TN_LEDGER_TIMEZONE: 'UTC',
  };
  const { child, result } = startCli(t, ['schedule', '--no-catch-up'], { env, cwd });
  let output = '';
  child.stdout?.on('data', (text: string) => {
    output += text;
  });
  await until(async () => output.split('\n').length > 8);
  child.kill('SIGTERM');
  t.is((await result).status, 0);
  const time = String.raw`  \d{4}-\d\d-\d\d `;
  t.regex(
    output,
    new RegExp(
      `^Next nightly runs of 1, 3 \\(TN_LEDGER_SCHEDULE: 0 2 \\* \\* \\*, UTC\\):\n(${time}.+\n){3}` +
        `Next nightly runs of 2 \\(schedule early: 30 0 \\* \\* \\*, UTC\\):\n(${time}.+\n){3}$`,
    ),
  );
});
