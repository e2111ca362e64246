/** `npm run test:crash`: runs the crash suite with as many points as wanted, or repeats one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';

const usage = `Usage: npm run test:crash -- [--points N] [--seed N] [--point K]

  --points N  how many points of a run are disturbed (default: 50)
  --seed N    determines the account and the points (default: 1)
  --point K   only the K-th point of the seed, as a failure names it`;

function fail(message: string): never {
  process.stderr.write(`${message}\n\n${usage}\n`);
  process.exit(2);
}

function readArguments(): { points?: string; seed?: string; point?: string } {
  const option = { type: 'string' } as const;
  try {
    return parseArgs({ options: { points: option, seed: option, point: option } }).values;
  } catch (error) {
    return fail((error as Error).message);
  }
}

const { points, seed = '1', point } = readArguments();
for (const [name, value] of Object.entries({ points, seed, point })) {
  if (value !== undefined && !/^[1-9]\d{0,8}$/.test(value))
    fail(`--${name} must be a positive number, not '${value}'.`);
}
if (points !== undefined && point !== undefined) fail('--points and --point exclude each other.');

const child = spawn(
  process.execPath,
  ['node_modules/ava/entrypoints/cli.mjs', '--config', 'ava.soak.config.js', 'dist/test/crash/crash.soak.js'],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      TN_LEDGER_TEST_SEED: seed,
      ...(points !== undefined && { TN_LEDGER_TEST_CRASH_POINTS: points }),
      ...(point !== undefined && { TN_LEDGER_TEST_CRASH_POINT: point }),
    },
  },
);
const [status] = await once(child, 'exit');
process.exitCode = status ?? 1;
