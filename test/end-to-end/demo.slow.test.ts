import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { removeDataFolder } from '../support/postgres.js';
import { cli, cliProcess, makeFolder, withoutProgress } from './support.js';

test('the demo can be repeated, ignores .env, and prints commands that work', async (t) => {
  const cwd = await makeFolder(t);
  t.teardown(() => removeDataFolder(join(cwd, 'data', 'demo')));
  await writeFile(
    join(cwd, '.env'),
    'BANDWIDTH_ACCOUNT_ID=real\nDATABASE_URL=nonsense\nTN_LEDGER_LOG_LEVEL=nonsense\n',
  );
  let told: string | undefined;
  for (let round = 1; round <= 2; round += 1) {
    const { status, stdout, stderr } = await cliProcess(t, ['demo', '--numbers', '500'], { cwd });
    t.is(status, 0);
    t.is(withoutProgress(stderr), '');
    t.regex(stdout, /is serving 500 numbers at http:\/\/127\.0\.0\.1:\d+\/api\./);
    t.is(stdout.match(/^sync-number-details +9900000 +succeeded/gm)?.length, 2);
    t.regex(stdout, /^ {2}state +rate_center +count$/m);
    t.regex(stdout, /^ {2}number (changed|left|new) +\d+$/m);
    t.regex(stdout, /^accepted +[1-9]\d*$/m);
    t.regex(stdout, /^ {2}npa_nxx_x .* utilization_percent$/m);
    t.notRegex(stdout, /\breal\b/);
    const [, report] = /^The second run wrote the report (.+)$/m.exec(stdout) ?? [];
    t.true(existsSync(join(cwd, report ?? 'none named')));
    [, told] = /npx tn-ledger number (\d{10})$/m.exec(stdout) ?? [];
  }
  t.false(existsSync(join(cwd, 'data', 'postgres')));
  t.is((await cli(t, ['demo', '--numbers', '0'], { cwd })).status, 2);

  const typed = { cwd: await makeFolder(t), env: { TN_LEDGER_DATA_DIR: join(cwd, 'data', 'demo') } };
  const sql = await cli(t, ['sql', 'select state, count(*) from telephone_numbers group by 1'], typed);
  t.is(sql.status, 0);
  t.regex(sql.stdout, /^state +count\n/);
  const status = await cli(t, ['status'], typed);
  t.is(status.status, 0);
  t.regex(status.stdout, /^nightly +9900000 +succeeded/m);
  const assignments = await cli(t, ['assignments'], typed);
  t.is(assignments.status, 0);
  t.regex(assignments.stdout, /customers\.csv/);
  const number = await cli(t, ['number', told ?? 'none named'], typed);
  t.is(number.status, 0);
  t.true((number.stdout.match(/ order COMPLETE/g)?.length ?? 0) > 1, number.stdout);
});
