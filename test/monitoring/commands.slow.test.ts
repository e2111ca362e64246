import { execFileSync, spawnSync } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.js';
import { cli, makeDatabase, makeFolder, settingsOf, startCli, startServer, until } from '../end-to-end/support.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { withoutOrders } from '../sync/support/ledger.js';
import { ask } from './support/ask.js';

let server: TestServer;
let sandbox: Sandbox;

test.before(async () => {
  [server, sandbox] = await Promise.all([startPostgres(), startSandbox({ numbers: 50, ...withoutOrders })]);
});
test.after.always(() => Promise.all([server.stop(), sandbox.close()]));

interface Line {
  level: string;
  time: string;
  host: string;
  msg: string;
  account?: string;
  job?: string;
  run_id?: string;
  [field: string]: unknown;
}

/** Every line as an object of the log. */
function linesOf(t: ExecutionContext, stderr: string): Line[] {
  t.true(stderr.endsWith('\n'), stderr);
  return stderr
    .trimEnd()
    .split('\n')
    .map((text) => {
      const line: Line = JSON.parse(text);
      t.true(['debug', 'info', 'warn', 'error'].includes(line.level), text);
      t.false(Number.isNaN(Date.parse(line.time)), text);
      t.is(line.host, hostname());
      t.is(typeof line.msg, 'string', text);
      return line;
    });
}

const json = { TN_LEDGER_LOG_FORMAT: 'json', TN_LEDGER_LOG_LEVEL: 'debug' };

test('under json, a run that fails logs its requests, its failure and its summary as lines with account, job and run', async (t) => {
  const database = await makeDatabase(t, server);
  const cwd = await makeFolder(t);
  const origin = await startServer(t, (_request, response) => void response.writeHead(403).end());
  const broken = {
    ...settingsOf(sandbox, database.url, origin),
    BANDWIDTH_TOKEN_URL: `${sandbox.url}/v1/oauth2/token`,
  };
  const { status, stderr } = await cli(t, ['run', 'sync-inservice-numbers'], { env: { ...broken, ...json }, cwd });
  t.is(status, 1);
  const lines = linesOf(t, stderr);
  const [{ run_id } = { run_id: '' }] = await database.query<{ run_id: string }>(
    'select run_id from tn_ledger.sync_runs',
  );
  const fields = { account: '9900000', job: 'sync-inservice-numbers', run_id };
  t.like(
    lines.find(({ level }) => level === 'error'),
    fields,
  );
  t.like(
    lines.find(({ result }) => result === 'failed'),
    { level: 'info', ...fields, pages: 0 },
  );
  t.like(
    lines.find(({ type }) => type === 'response'),
    { level: 'debug', account: '9900000', method: 'GET', status: 403, attempt: 1 },
  );
});

test('under json, usage errors, configuration errors and failed checks are lines of the log too', async (t) => {
  const unreachable = { ...settingsOf(sandbox, 'postgresql://user:password@127.0.0.1:1/none'), ...json };
  for (const [args, env, status, message] of [
    [['runn'], json, 2, /^error: unknown command 'runn'\n\(Did you mean run\?\)/],
    [['run', 'nightly', '--nothing'], json, 2, /^error: unknown option '--nothing'/],
    [['run', 'nightly'], json, 2, /^2 configuration errors:\n/],
    [['status'], { ...json, TN_LEDGER_LOG_LEVEL: 'loud' }, 2, /TN_LEDGER_LOG_LEVEL must be/],
    [['check'], unreachable, 1, /^\d+ of \d+ checks failed: /],
    [['worker', '--until-done'], unreachable, 1, /is not reachable/],
  ] as const) {
    const result = await cli(t, args, { env });
    t.is(result.status, status, args.join(' '));
    const last = linesOf(t, result.stderr).at(-1);
    t.is(last?.level, 'error');
    t.regex(String(last?.msg), message);
  }
});

const hasPromtool = spawnSync('promtool', ['--version']).error === undefined;

test('a run writes its metrics file, replaces it, and warns if it can’t; a failed one writes it too', async (t) => {
  const database = await makeDatabase(t, server);
  const cwd = await makeFolder(t);
  const env = { ...settingsOf(sandbox, database.url), TN_LEDGER_METRICS_FILE: 'metrics/tn_ledger.prom' };
  const path = join(cwd, 'metrics', 'tn_ledger.prom');
  const read = async () => (await readFile(path, 'utf8')).split('\n');
  t.is((await cli(t, ['run', 'nightly'], { env, cwd })).status, 0);
  const first = await read();
  for (const line of [
    'tn_ledger_up 1',
    'tn_ledger_command_exit_status 0',
    'tn_ledger_job_last_run_success{account="9900000",job_name="nightly"} 1',
    'tn_ledger_numbers{account="9900000",status="Inservice"} 50',
    'tn_ledger_command_api_rate_limited{account="9900000"} 0',
  ]) {
    t.true(first.includes(line), line);
  }
  t.true(first.some((line) => /^tn_ledger_command_api_requests\{account="9900000",status="200"\} [1-9]/.test(line)));
  t.is((await stat(path)).mode & 0o777, 0o644);
  if (hasPromtool) execFileSync('promtool', ['check', 'metrics'], { input: first.join('\n') });

  const down = { ...env, DATABASE_URL: 'postgresql://user:password@127.0.0.1:1/none' };
  t.is((await cli(t, ['run', 'sync-orders'], { env: down, cwd })).status, 1);
  const second = await read();
  t.true(second.includes('tn_ledger_up 0'));
  t.true(second.includes('tn_ledger_command_exit_status 1'));
  t.deepEqual(await readdir(join(cwd, 'metrics')), ['tn_ledger.prom']);

  const blocked = { ...env, TN_LEDGER_METRICS_FILE: join(path, 'x.prom') };
  const { status, stderr } = await cli(t, ['run', 'sync-orders'], { env: blocked, cwd });
  t.is(status, 0);
  t.regex(stderr, /WARN: The metrics can't be written to \S+x\.prom \(TN_LEDGER_METRICS_FILE\): EEXIST/);
});

test('a worker serves health and metrics while it works, and logs only JSON until it has stopped', async (t) => {
  const database = await makeDatabase(t, server);
  const env = { ...settingsOf(sandbox, database.url), ...json, TN_LEDGER_HTTP: '127.0.0.1:0' };
  await cli(t, ['enqueue', 'nightly'], { env });
  const { child, result } = startCli(t, ['worker'], { env, cwd: await makeFolder(t) });
  let log = '';
  child.stderr?.on('data', (text: string) => {
    log += text;
  });
  const address = /served at (http:\/\/127\.0\.0\.1:\d+)\//;
  await until(async () => address.test(log));
  const origin = address.exec(log)?.[1] as string;
  t.is((await ask(origin, '/healthz')).status, 200);
  const metrics = async () => (await ask(origin, '/metrics')).body;
  await until(async () => /^tn_ledger_job_last_run_success\{.*"nightly"\} 1$/m.test(await metrics()));
  const text = await metrics();
  t.regex(text, /^tn_ledger_api_requests_total\{account="9900000",status="200"\} [1-9]\d*$/m);
  t.regex(text, /^process_resident_memory_bytes [1-9]/m);
  if (hasPromtool) t.is(execFileSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' }), '');
  t.is((await ask(origin, '/', { headers: { host: 'evil.com' } })).status, 421);
  t.regex((await ask(origin, '/')).body, /<title>tn-ledger: account 9900000, /);
  child.kill('SIGTERM');
  const { status, stderr } = await result;
  t.is(status, 0);
  const finished = linesOf(t, stderr).find(({ msg }) => / finished: /.test(msg));
  t.like(finished, { level: 'info', account: '9900000', job: 'nightly' });
});
