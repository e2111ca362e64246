import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { cli, cliProcess, makeDatabase, makeFolder, settingsOf } from './support.js';

let server: TestServer;
let sandbox: Sandbox;

test.before(async () => {
  [server, sandbox] = await Promise.all([
    startPostgres(),
    startSandbox({
      accounts: ['9900000', '9900001'].map((id) => ({ id, numbers: 60 })),
      orders: 3,
      disconnects: 0,
      portins: 0,
      portouts: 0,
      assignments: 0,
    }),
  ]);
});
test.after.always(() => Promise.all([server?.stop(), sandbox?.close()]));

test('a nightly run writes a report per account, and the command writes one for all accounts or one', async (t) => {
  const database = await makeDatabase(t, server);
  const cwd = await makeFolder(t);
  const env = settingsOf(sandbox, database.url);
  t.is((await cli(t, ['run', 'nightly'], { env, cwd })).status, 0);
  const nightlyReports = await readdir(join(cwd, 'data', 'reports'));
  t.deepEqual(
    nightlyReports.map((name) => name.replace(/\d{4}-\d\d-\d\dT\d{6}Z/, 'TIME')).sort(),
    sandbox.accountIds.map((account) => `report-${account}-TIME.html`),
  );

  const all = await cliProcess(t, ['report'], { env: { DATABASE_URL: database.url }, cwd });
  t.is(all.status, 0);
  t.regex(all.stdout, /\/data\/reports\/report-\d{4}-\d\d-\d\dT\d{6}Z\.html\n$/);
  const html = await readFile(all.stdout.trim(), 'utf8');
  t.true(html.includes('<h1>tn-ledger: all accounts</h1>'));
  for (const account of sandbox.accountIds) t.true(html.includes(`<td class="text">${account}</td>`));
  for (const secret of Object.entries(env).filter(([name]) => /SECRET|DATABASE_URL/.test(name)))
    t.false(html.includes(secret[1]));

  const [one, other] = sandbox.accountIds;
  const single = await cli(t, ['report', '--account', one as string, '--out', 'one.html'], { env, cwd });
  t.is(single.status, 0);
  t.is(single.stdout, `${join(cwd, 'one.html')}\n`);
  t.false((await readFile(join(cwd, 'one.html'), 'utf8')).includes(other as string));
});

test('an existing file is replaced only with --force, and no temporary file is left behind', async (t) => {
  const database = await makeDatabase(t, server);
  const cwd = await makeFolder(t);
  const env = { DATABASE_URL: database.url };
  await writeFile(join(cwd, 'report.html'), 'mine');
  const refused = await cli(t, ['report', '--out', 'report.html'], { env, cwd });
  t.is(refused.status, 2);
  t.is(refused.stdout, '');
  t.regex(refused.stderr, /report\.html already exists\. Nothing was written\.\n.*--force/);
  t.is(await readFile(join(cwd, 'report.html'), 'utf8'), 'mine');
  t.is((await cli(t, ['report', '--out', 'report.html', '--force'], { env, cwd })).status, 0);
  t.regex(await readFile(join(cwd, 'report.html'), 'utf8'), /^<!doctype html>/);
  await mkdir(join(cwd, 'folder'));
  for (const force of [[], ['--force']]) {
    const folder = await cli(t, ['report', '--out', 'folder', ...force], { env, cwd });
    t.is(folder.status, 2);
    t.regex(folder.stderr, /folder is a folder\. Nothing was written\.\nSpecify a file\./);
  }
  const below = await cli(t, ['report', '--out', 'report.html/report.html'], { env, cwd });
  t.is(below.status, 1);
  t.regex(
    below.stderr,
    /The report can't be written to .*report\.html\/report\.html: \w+\. Nothing was written\.\nFree disk space, make the folder writable for this user/,
  );
  t.deepEqual((await readdir(cwd)).sort(), ['folder', 'report.html']);
});

test('an account without data is a usage error that lists the known accounts', async (t) => {
  const database = await makeDatabase(t, server);
  const cwd = await makeFolder(t);
  const env = settingsOf(sandbox, database.url);
  const args = ['report', '--account', '1', '--out', 'report.html'];
  const empty = await cli(t, args, { env, cwd });
  t.is(empty.status, 2);
  t.regex(empty.stderr, /The ledger has no data for account "1"\. No report was written\.\n.*run nightly/);
  t.is((await cli(t, ['run', 'sync-inservice-numbers', '--account', '9900001'], { env, cwd })).status, 0);
  const known = await cli(t, args, { env, cwd });
  t.is(known.status, 2);
  t.regex(known.stderr, /Known accounts: 9900001\./);
  t.deepEqual(await readdir(cwd), []);
});
