/** `npm run reliability`: runs the suites that record proofs, and writes docs/reliability.md if all of them pass. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../test/support/postgres.js';
import type { Proof } from '../test/support/proof.js';
import { provingTests } from '../test/support/tiers.js';
import { defineScript, wholeNumber } from './define-script.js';
import { reliabilityPage } from './reliability-page.js';

/** The arguments of Node.js that run a test file. */
function commandOf(file: string, points: number): string[] {
  if (file.endsWith('crash.soak.js')) return ['dist/test/crash/main.js', '--points', String(points)];
  const tier = /\.(slow)\.test\.js$|\.(soak)\.js$/.exec(file);
  const config = ['ava', tier?.[1] ?? tier?.[2], 'config.js'].filter((part) => part !== undefined).join('.');
  return ['node_modules/ava/entrypoints/cli.mjs', '--config', config, file];
}

async function postgresVersion(): Promise<string> {
  const server = await startPostgres();
  const { rows } = await server.superuser.query('show server_version');
  await server.stop();
  return rows[0].server_version;
}

const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim();

const { points } = defineScript('reliability', 'run the suites that record proofs, and write docs/reliability.md')
  .option('--points <count>', 'points of the crash suite', wholeNumber(1, 999_999_999), 200)
  .parse()
  .opts<{ points: number }>();
const isChanged = git('status', '--porcelain', '--', 'src', 'jobs', 'migrations') !== '';
const commit = `${git('rev-parse', '--short', 'HEAD')}${isChanged ? ' with changes' : ''}`;
const folder = mkdtempSync(join(tmpdir(), 'tn-ledger-proofs-'));
const proofsFile = join(folder, 'proofs');
const env = { ...process.env, TN_LEDGER_TEST_SEED: '1', TN_LEDGER_TEST_PROOFS: proofsFile };
try {
  for (const file of provingTests('dist/test')) {
    const { status } = spawnSync(process.execPath, commandOf(file, points), { stdio: 'inherit', env });
    if (status !== 0) throw new Error(`${file} failed: docs/reliability.md is not changed.`);
  }
  const lines = existsSync(proofsFile) ? readFileSync(proofsFile, 'utf8').split('\n').filter(Boolean) : [];
  const proofs = lines.map((line): Proof => JSON.parse(line));
  const page = reliabilityPage(proofs, {
    date: new Date().toISOString().slice(0, 10),
    commit,
    node: process.versions.node,
    postgres: await postgresVersion(),
  });
  writeFileSync('docs/reliability.md', page);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
