import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { freePort, startPostgres } from '../support/postgres.js';
import { cli, makeDatabase, makeFolder, startCli } from './support.js';

/** Waits for the .env lines that a started sandbox prints. */
async function settingsPrinted(stdout: NodeJS.ReadableStream): Promise<string[]> {
  let text = '';
  for await (const chunk of stdout) {
    text += chunk;
    if (/^BANDWIDTH_REQUESTS_PER_MINUTE=.+\n/m.test(text)) break;
  }
  return text.split('\n').filter((line) => /^[A-Z_]+=/.test(line));
}

test('the sandbox runs until SIGTERM, and its .env lines work', async (t) => {
  const server = await startPostgres();
  t.teardown(server.stop);
  const cwd = await makeFolder(t);
  const port = await freePort();
  const { child, result } = startCli(
    t,
    ['sandbox', '--port', String(port), '--accounts', '2', '--numbers', '60', '--seed', '7'],
    {
      cwd,
      printsSecrets: true,
    },
  );
  const lines = await settingsPrinted(child.stdout as NodeJS.ReadableStream);
  t.deepEqual(
    lines.map((line) => line.split('=')[0]),
    [
      'BANDWIDTH_ACCOUNT_ID',
      'BANDWIDTH_CLIENT_ID',
      'BANDWIDTH_CLIENT_SECRET',
      'BANDWIDTH_API_URL',
      'BANDWIDTH_TOKEN_URL',
      'BANDWIDTH_REQUESTS_PER_MINUTE',
    ],
  );
  const database = await makeDatabase(t, server);
  await writeFile(join(cwd, '.env'), [...lines, `DATABASE_URL=${database.url}`].join('\n'));
  const night = await cli(t, ['run', 'nightly'], { cwd });
  t.is(night.status, 0);
  t.deepEqual(
    await database.query(
      'select account_id as account, count(*)::int as numbers from tn_ledger.telephone_numbers group by 1 order by 1',
    ),
    [
      { account: '9900000', numbers: 60 },
      { account: '9900001', numbers: 60 },
    ],
  );

  const second = await cli(t, ['sandbox', '--port', String(port)], { printsSecrets: true });
  t.is(second.status, 1);
  t.is(second.stdout, '');
  t.regex(second.stderr, /^The sandbox can't listen on 127\.0\.0\.1:\d+: .*EADDRINUSE.*\nChoose another port/);

  child.kill('SIGTERM');
  const { status, stderr } = await result;
  t.is(status, 0);
  t.is(stderr, '');
});

test('invalid options are usage errors', async (t) => {
  for (const [args, told] of [
    [['--port', '99999'], /port must be a whole number from 0 to 65535, not 99999/],
    [['--numbers', '-1'], /'-1' is invalid|argument missing/],
    [['--faults', 'floods=0.1'], /^Unknown fault 'floods' .*\nWrite faults as/],
    [['--faults', '500=2'], /^The rate of the fault '500' must be a number from 0 to 1, not '2'/],
  ] as const) {
    const { status, stdout, stderr } = await cli(t, ['sandbox', ...args]);
    t.is(status, 2);
    t.is(stdout, '');
    t.regex(stderr, told);
  }
});
