import type { Command } from 'commander';
import type { DefineCommand } from './command.js';

export function define(command: DefineCommand): Command {
  return command('enqueue')
    .description('plan a nightly run now, for `schedule` and `worker` processes to work on')
    .argument('<run>', 'what to plan: nightly')
    .option('--account <id>', 'plan it only for this configured account')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Examples:
  $ tn-ledger enqueue nightly
  $ tn-ledger enqueue nightly --account 9900008`,
    )
    .action(async (name: string, options: { account?: string; json?: boolean }) => {
      const [{ processSettings, withApiSession }, { enqueueNight }, { UsageError }] = await Promise.all([
        import('./session.js'),
        import('./enqueue-night.js'),
        import('../errors.js'),
      ]);
      if (name !== 'nightly') {
        throw new UsageError(`Only the nightly run can be planned, not ${name}.`, {
          hint: 'To plan it: tn-ledger enqueue nightly. To run a single job now: tn-ledger run <job>.',
        });
      }
      await withApiSession(processSettings(), (session) => enqueueNight(session, options));
    });
}
