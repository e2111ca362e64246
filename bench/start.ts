import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Benchmark, compete, timed } from './benchmark.js';
import { commandLine, withDatabase } from './setting.js';

const run = promisify(execFile);

/** How long a command takes that has little to do, on a running server. The floor is Node.js's own start. */
export const start: Benchmark = {
  name: 'start',
  size: 1,
  unit: 'command',
  measure: (scope) =>
    withDatabase(async ({ database, command }) => {
      await command(['migrate']);
      const env = { ...process.env, DATABASE_URL: database.url };
      // Reporting the peak takes time, too, so that it is read apart.
      const contestOf = async (args: string[], goal: number) => {
        const { peakBytes } = await command(args);
        return compete(scope, {
          work: `tn-ledger ${args.join(' ')}`,
          goals: { floor: goal },
          ours: {
            run: async () => ({
              ...(await timed(() => run(process.execPath, [commandLine, ...args], { env }))),
              peakBytes,
            }),
          },
          floor: { run: () => timed(() => run(process.execPath, ['-e', '0'])) },
        });
      };
      return [await contestOf(['--help'], 2), await contestOf(['status'], 4)];
    }),
};
