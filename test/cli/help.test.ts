import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { jobs } from '../../jobs/index.js';
import { type CliResult, cli, cliProcess, type Env, makeFolder } from '../end-to-end/support.js';

const commands = [
  'demo',
  'check',
  'migrate',
  'run',
  'schedule',
  'worker',
  'enqueue',
  'submit',
  'files',
  'filing',
  'rnd',
  'status',
  'report',
  'sql',
  'sandbox',
];
const broken = { BANDWIDTH_API_URL: 'nonsense', DATABASE_URL: 'nonsense', TN_LEDGER_LOG_LEVEL: 'nonsense' };

/** Runs a command and returns its result and every package of which it loaded a module, from V8's coverage. */
async function packagesLoaded(
  t: ExecutionContext,
  args: string[],
  env: Env,
): Promise<{ result: CliResult; packages: Set<string> }> {
  const cwd = await makeFolder(t);
  const coverage = join(cwd, 'coverage');
  const result = await cliProcess(t, args, { cwd, env: { ...env, NODE_V8_COVERAGE: coverage } });
  const packages = new Set<string>();
  for (const file of await readdir(coverage)) {
    const { result: scripts } = JSON.parse(await readFile(join(coverage, file), 'utf8'));
    for (const { url } of scripts as { url: string }[]) {
      const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
      if (name !== undefined) packages.add(name);
    }
  }
  return { result, packages };
}

test('--help lists every command, ignores the configuration, and loads only the command-line parser', async (t) => {
  const { result, packages } = await packagesLoaded(t, ['--help'], broken);
  t.is(result.status, 0);
  t.is(result.stderr, '');
  for (const command of commands) t.regex(result.stdout, new RegExp(`^  ${command}\\b`, 'm'));
  t.true(packages.has('commander'));
  t.deepEqual(
    [...packages].filter((name) => !['commander', 'leven'].includes(name)),
    [],
  );
});

test('status loads the database client, so the test above can fail', async (t) => {
  const { packages } = await packagesLoaded(t, ['status'], { DATABASE_URL: 'postgresql://u@127.0.0.1:1/none' });
  t.true(packages.has('pg'));
});

for (const command of commands) {
  test(`${command} --help shows an example without reading the configuration or loading dependencies`, async (t) => {
    const { result, packages } = await packagesLoaded(t, [command, '--help'], broken);
    t.is(result.status, 0);
    t.is(result.stderr, '');
    t.regex(result.stdout, new RegExp(`Examples:\\n  \\$ tn-ledger ${command}`));
    t.false(['pg', 'undici', 'knex', 'hono'].some((name) => packages.has(name)));
  });
}

test('run --help lists every job', async (t) => {
  const { stdout } = await cli(t, ['run', '--help']);
  for (const { name } of jobs) t.true(stdout.includes(name), name);
});

test('--version prints the package version', async (t) => {
  const { version } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8'));
  const { status, stdout } = await cli(t, ['--version']);
  t.is(status, 0);
  t.is(stdout, `${version}\n`);
});

test('an unknown command or option is a usage error with a suggestion', async (t) => {
  const command = await cliProcess(t, ['stauts']);
  t.is(command.status, 2);
  t.regex(command.stderr, /^error: unknown command 'stauts'\n\(Did you mean status\?\)/);
  const option = await cli(t, ['run', 'nightly', '--acount', '1']);
  t.is(option.status, 2);
  t.regex(option.stderr, /^error: unknown option '--acount'\n\(Did you mean --account\?\)/);
  const value = await cli(t, ['sandbox', '--port', 'x']);
  t.is(value.status, 2);
  t.regex(value.stderr, /--port <port>.*'x' is invalid\. It must be a whole number\./);
  for (const { stdout } of [command, option, value]) t.is(stdout, '');
});

test('a missing command or argument is a usage error', async (t) => {
  const nothing = await cli(t, []);
  t.is(nothing.status, 2);
  t.regex(nothing.stderr, /^Usage: tn-ledger/);
  const noJob = await cli(t, ['run']);
  t.is(noJob.status, 2);
  t.regex(noJob.stderr, /missing required argument 'job'/);
});

test('an unknown job is a usage error with a suggestion, even without configuration', async (t) => {
  const { status, stderr, stdout } = await cli(t, ['run', 'nightly', 'sync-number-detail']);
  t.is(status, 2);
  t.regex(stderr, /^There is no job "sync-number-detail"\. Did you mean sync-number-details\?\nKnown: /);
  t.is(stdout, '');
});
