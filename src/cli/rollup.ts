import type { Command } from 'commander';
import type { DefineCommand } from './command.js';
import type { RollUpCommandOptions } from './run-rollup.js';

export function define(command: DefineCommand): Command {
  return command('rollup')
    .description('add up billing records per number and day (billing_daily), if that is due')
    .option('--full', 'all loaded reports, such as after changing records by hand')
    .option('--account <id>', 'only reports of this account')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Loading a report rolls it up. This command rolls up reports that were loaded by an earlier version of tn-ledger, or before the
account's numbers were known, as the nightly run does too. Days whose records were pruned keep what they were rolled up to.

Examples:
  $ tn-ledger rollup
  $ tn-ledger rollup --full`,
    )
    .action(async (options: RollUpCommandOptions) => {
      const [{ processSettings, withSession }, { runRollUp }] = await Promise.all([
        import('./session.js'),
        import('./run-rollup.js'),
      ]);
      await withSession(processSettings(), (session) => runRollUp(session, options));
    });
}
