import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { startSandbox } from '../../src/sandbox/server.js';
import { onlyIf } from '../support/only-if.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { hasTerminals, openTerminal } from '../support/terminal.js';
import { withoutOrders } from '../sync/support/ledger.js';
import { mainScript, makeDatabase, makeEmptyDatabase, makeFolder, settingsOf, startProxy, until } from './support.js';

let server: TestServer;

test.before(async () => {
  server = await startPostgres();
});
test.after.always(() => server.stop());

const program = (...args: string[]) => [process.execPath, mainScript, ...args];
const onTerminal = onlyIf(test, hasTerminals, 'needs tmux');

onTerminal(
  'the SQL shell runs statements of several lines, points at errors, and keeps its history private',
  async (t) => {
    const cwd = await makeFolder(t);
    const { url, query } = await makeEmptyDatabase(t, server);
    const shell = await openTerminal(t, program('sql'), { columns: 80, cwd, env: { DATABASE_URL: url } });
    const prompt = /tn_ledger=>$/;
    await shell.shows(prompt);
    await shell.type("select 'a;b' as text,", 'Enter', '12 as number;', 'Enter');
    t.regex(
      await shell.shows(/row\)\ntn_ledger=>$/),
      /tn_ledger=> select 'a;b' as text,\ntn_ledger-> 12 as number;\ntext {2}number\n─+\na;b {7}12\n\(1 row\)\n/,
    );
    await shell.type('select * from nothing;', 'Enter');
    t.regex(
      await shell.shows(/\^\ntn_ledger=>$/),
      /relation "nothing" does not exist\. Nothing was changed\.\nLINE 1: select \* from nothing;\n {22}\^\n/,
    );
    await shell.type('select pg_sleep(3600);', 'Enter');
    await until(async () => {
      const [sleeping] = await query(
        `select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`,
      );
      return sleeping !== undefined;
    });
    await shell.type('C-c');
    await shell.shows(/The statement was cancelled\. Nothing was changed\.\ntn_ledger=>$/);
    await shell.type('create table t ();', 'Enter');
    await shell.shows(/The statement would write, but `tn-ledger sql` is read-only by default/);
    await shell.type('\\x', 'Enter', 'select 1 as one;', 'Enter');
    await shell.shows(/row\)\ntn_ledger=>$/);
    await shell.type('\\q', 'Enter');
    t.regex(await shell.shows(/exit status 0$/), /\nrow 1\n─+\none +1\n/);
    const history = join(cwd, 'data/sql_history');
    t.is(
      await readFile(history, 'utf8'),
      "select 'a;b' as text,\n12 as number;\nselect * from nothing;\nselect pg_sleep(3600);\ncreate table t ();\n\\x\nselect 1 as one;\n\\q\n",
    );
    t.is((await stat(history)).mode & 0o777, 0o600);
  },
);

onTerminal('init hides the secret, tests the credentials, and writes a private .env that works', async (t) => {
  const cwd = await makeFolder(t);
  const sandbox = await startSandbox({ numbers: 10 });
  t.teardown(() => sandbox.close());
  const { url } = await makeDatabase(t, server);
  const { BANDWIDTH_API_URL = '', BANDWIDTH_TOKEN_URL = '' } = settingsOf(sandbox, url);
  const open = () =>
    openTerminal(t, program('init'), { columns: 120, cwd, env: { BANDWIDTH_API_URL, BANDWIDTH_TOKEN_URL } });

  const wrong = await open();
  await wrong.shows(/Client ID:$/);
  await wrong.type(sandbox.clientId, 'Enter', 'a wrong secret', 'Enter', 'Enter');
  t.notRegex(await wrong.shows(/exit status [12]$/), /a wrong secret/);
  await t.throwsAsync(stat(join(cwd, '.env')), { code: 'ENOENT' });

  const right = await open();
  await right.shows(/Client ID:$/);
  await right.type(sandbox.clientId, 'Enter', sandbox.clientSecret, 'Enter', 'Enter');
  await right.shows(/Account IDs, separated by commas \[9900000\]:$/);
  await right.type('123', 'Enter', 'Enter', url, 'Enter');
  const text = await right.shows(/exit status \d$/);
  t.regex(text, /These credentials are not for account 123\./);
  t.regex(text, /ok {6}account 9900000: accessible .*\n(?:.*\n)*\nNext: tn-ledger run nightly\nexit status 0$/);
  t.false(text.includes(sandbox.clientSecret));
  t.is((await stat(join(cwd, '.env'))).mode & 0o777, 0o600);
});

for (const columns of [80, 200]) {
  onTerminal(`at ${columns} columns, progress leaves nothing behind between the lines of a run`, async (t) => {
    const cwd = await makeFolder(t);
    const sandbox = await startSandbox({ accounts: ['9900000', '9900001'].map((id) => ({ id, numbers: 200 })) });
    t.teardown(() => sandbox.close());
    const { url } = await makeDatabase(t, server);
    const terminal = await openTerminal(t, program('run', 'sync-inservice-numbers', 'sync-number-details'), {
      columns,
      cwd,
      env: { ...settingsOf(sandbox, url), TN_LEDGER_LOG_LEVEL: 'debug', TERM: 'screen' },
    });
    await terminal.shows(/exit status 0$/);
    const lines = await terminal.lines();
    t.deepEqual(
      lines.filter((line) => /[■|]|left$/.test(line)),
      [],
    );
    const table = lines.findIndex((line) => line.startsWith('job '));
    t.true(table > 0);
    // A log line that is longer than the terminal continues on the next.
    t.regex(lines[0] ?? '', /^\[\d\d:\d\d:\d\d\] (?:DEBUG|INFO): /);
    t.is(lines.slice(table).filter((line) => / succeeded +/.test(line)).length, 4);
  });
}

onTerminal(
  'after Ctrl-C in a run, the screen has whole lines only, the summary, and the prompt at the start of a line',
  async (t) => {
    const cwd = await makeFolder(t);
    const sandbox = await startSandbox({ numbers: 6000, ...withoutOrders });
    t.teardown(() => sandbox.close());
    const { url } = await makeDatabase(t, server);
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    // The run shows its progress while it waits for the second page of the details.
    const origin = await startProxy(t, sandbox, async ({ url: path = '' }) => {
      if (/\/tns\?.*\bpage=2\b/.test(path)) await held;
      return undefined;
    });
    const terminal = await openTerminal(t, program('run', 'sync-inservice-numbers', 'sync-number-details'), {
      columns: 80,
      cwd,
      env: { ...settingsOf(sandbox, url, origin), TERM: 'screen' },
    });
    await terminal.shows(/^sync-number-details .*\d s/m);
    await terminal.type('C-c');
    await terminal.shows(/SIGINT: stopping after the current step/);
    release();
    const text = await terminal.shows(/^exit status 1$/m);
    // Progress is gone, and what the terminal shows of the key, `^C`, with it.
    t.notRegex(text, /[■|]|(?<!read )so far|left$|\^C/m);
    t.regex(text, /^\[.+\] WARN: SIGINT: /);
    t.regex(
      text,
      /\njob .+\n(?:.*\n)*sync-inservice-numbers .+ succeeded .+\n(?:.*\n)*sync-number-details .+ interrupted .+\n/,
    );
    t.regex(text, /\nexit status 1$/);
  },
);
