import { execFile, spawnSync } from 'node:child_process';
import { cp, mkdir, readFile, stat, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { migrationNames as names } from '../../migrations/index.js';
import { findPostmaster } from '../../src/database/embedded/postmaster.js';
import { onlyIf } from '../support/only-if.js';
import { makeFolder } from './support.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));
const knexCli = join(root, 'node_modules', 'knex', 'bin', 'cli.js');

interface LockedPackage {
  dev?: boolean;
  devOptional?: boolean;
}

/**
 * The built tree without development dependencies: what `npm ci --omit=dev` leaves, from the packages that are installed here, so
 * that the test needs no registry.
 */
async function productionTree(t: ExecutionContext, { withDist }: { withDist: boolean }): Promise<string> {
  const folder = await makeFolder(t);
  for (const name of ['package.json', 'package-lock.json'])
    await cp(join(root, name), join(folder, name), { recursive: true });
  if (withDist) {
    for (const name of ['src', 'jobs', 'migrations'])
      await cp(join(root, 'dist', name), join(folder, 'dist', name), { recursive: true });
  }
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'));
  for (const [place, { dev, devOptional }] of Object.entries<LockedPackage>(lock.packages)) {
    if (dev || devOptional || !/^node_modules\/(@[^/]+\/)?[^/]+$/.test(place)) continue;
    await mkdir(dirname(join(folder, place)), { recursive: true });
    await symlink(join(root, place), join(folder, place));
  }
  return folder;
}

/** npm runs `prepare` at the end of `npm ci` and `npm install`, whether or not development dependencies were installed. */
const prepare = (folder: string) => run('npm', ['run', 'prepare'], { cwd: folder });

test('an installation without development dependencies keeps its build, and the program runs', async (t) => {
  const folder = await productionTree(t, { withDist: true });
  const { stderr } = await prepare(folder);
  t.regex(stderr, /TypeScript is not installed: dist is left as it is\./);
  const script = join(folder, 'dist', 'src', 'cli', 'main.js');
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const options = { cwd: folder, env: { PATH: process.env.PATH, HOME: folder } };
  t.is((await run(process.execPath, [script, '--version'], options)).stdout.trim(), version);
  const demo = await run(process.execPath, [script, 'demo', '--numbers', '100'], options);
  t.regex(demo.stdout, /^sync-number-details +9900000 +succeeded/m);
});

test('an installation without development dependencies or a build says how to build, and succeeds', async (t) => {
  const folder = await productionTree(t, { withDist: false });
  t.regex((await prepare(folder)).stderr, /npm ci && npm run build && npm prune --omit=dev/);
});

const hasRegistry = spawnSync('npm', ['ping', '--fetch-retries=0', '--fetch-timeout=5000']).status === 0;
const withRegistry = onlyIf(test, hasRegistry, 'needs the npm registry');

/** Runs npm as a user does who has no settings, with the cache of this machine. */
async function npm(folder: string, ...args: string[]): Promise<string> {
  const cache = (await run('npm', ['config', 'get', 'cache'])).stdout.trim();
  const env = { PATH: process.env.PATH, HOME: folder, npm_config_cache: cache, npm_config_update_notifier: 'false' };
  const options = ['--no-audit', '--no-fund', '--prefer-offline'];
  return (await run('npm', [...args, ...options], { cwd: folder, env })).stdout;
}

withRegistry('the packed package installs in an empty folder, and npx runs its version and the demo', async (t) => {
  t.timeout(5 * 60_000);
  const folder = await makeFolder(t);
  const packed = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: root });
  const [{ filename, version }] = JSON.parse(packed.stdout) as [{ filename: string; version: string }];
  await npm(folder, 'install', '--omit=dev', `./${filename}`);
  const npx = (...args: string[]) =>
    run('npx', ['--no-install', 'tn-ledger', ...args], { cwd: folder, env: { PATH: process.env.PATH, HOME: folder } });
  t.is((await npx('--version')).stdout.trim(), version);
  t.regex((await npx('demo', '--numbers', '100')).stdout, /^sync-number-details +9900000 +succeeded/m);
});

withRegistry('npm ci without development dependencies installs what the built program needs', async (t) => {
  t.timeout(5 * 60_000);
  const folder = await makeFolder(t);
  for (const name of ['package.json', 'package-lock.json']) await cp(join(root, name), join(folder, name));
  for (const name of ['src', 'jobs', 'migrations'])
    await cp(join(root, 'dist', name), join(folder, 'dist', name), { recursive: true });
  await npm(folder, 'ci', '--omit=dev');
  await t.throwsAsync(stat(join(folder, 'node_modules', 'typescript')), { code: 'ENOENT' });
  const script = join(folder, 'dist', 'src', 'cli', 'main.js');
  const options = { cwd: folder, env: { PATH: process.env.PATH, HOME: folder } };
  t.regex(
    (await run(process.execPath, [script, 'demo', '--numbers', '100'], options)).stdout,
    /^sync-number-details +9900000 +succeeded/m,
  );
});

test('the package is ready to be published: a command, a license, engines, and provenance', async (t) => {
  const facts = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  t.like(facts, {
    name: 'tn-ledger',
    license: 'MIT',
    type: 'module',
    bin: { 'tn-ledger': 'dist/src/cli/main.js' },
    engines: { node: '>=20.19.0' },
    publishConfig: { access: 'public', provenance: true },
  });
  t.false(Boolean(facts.private));
});

test('the package holds the build, the migrations and the jobs, and no test code', async (t) => {
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root });
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string; mode: number }[] }];
  const paths = new Set(files.map(({ path }) => path));
  for (const path of ['dist/src/cli/main.js', 'dist/jobs/index.js', 'dist/migrations/index.js', '.env.example'])
    t.true(paths.has(path), path);
  t.deepEqual(
    [...paths].filter((path) =>
      /^(src|bench|data|node_modules)\/|(^|\/)(test|bench|fixtures)\/|\.(test|soak)\./.test(path),
    ),
    [],
  );
});

test('knex migrate:status names the migrations of an empty embedded database, and stops its server', async (t) => {
  const folder = await makeFolder(t);
  const dataDir = join(folder, 'data');
  const knex = async (command: string) =>
    (
      await run(process.execPath, [knexCli, '--knexfile', join(root, 'dist', 'knexfile.js'), command], {
        cwd: folder,
        env: { PATH: process.env.PATH, HOME: folder, TN_LEDGER_DATA_DIR: dataDir },
      })
    ).stdout;
  const server = () => findPostmaster(join(dataDir, 'postgres', 'data'));
  const pending = await knex('migrate:status');
  t.regex(pending, new RegExp(`Found ${names.length} Pending Migration file/files\\.\\n${names.join('\\n')}\\n`));
  t.is(await server(), undefined);
  t.regex(await knex('migrate:latest'), new RegExp(`Batch 1 run: ${names.length} migrations`));
  t.regex(
    await knex('migrate:status'),
    new RegExp(`Found ${names.length} Completed Migration file/files\\.\\n${names.join('\\n')}\\n`),
  );
  t.is(await server(), undefined);
});
