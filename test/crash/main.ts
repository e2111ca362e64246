/** `npm run test:crash`: runs the crash suite with as many points as wanted, or repeats one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Option } from 'commander';
import { defineScript, wholeNumber } from '../../scripts/define-script.js';

const count = wholeNumber(1, 999_999_999);
const { points, seed, point } = defineScript('test:crash', 'disturb nightly runs at counted points')
  .option('--points <count>', 'how many points of a run are disturbed (default: 50)', count)
  .option('--seed <number>', 'determines the account and the points', count, 1)
  .addOption(
    new Option('--point <number>', 'only this point of the seed, as a failure names it')
      .argParser(count)
      .conflicts('points'),
  )
  .parse()
  .opts<{ points?: number; seed: number; point?: number }>();

const child = spawn(
  process.execPath,
  ['node_modules/ava/entrypoints/cli.mjs', '--config', 'ava.soak.config.js', 'dist/test/crash/crash.soak.js'],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      TN_LEDGER_TEST_SEED: String(seed),
      ...(points !== undefined && { TN_LEDGER_TEST_CRASH_POINTS: String(points) }),
      ...(point !== undefined && { TN_LEDGER_TEST_CRASH_POINT: String(point) }),
    },
  },
);
const [status] = await once(child, 'exit');
process.exitCode = status ?? 1;
