import type { Command } from 'commander';
import type { DefineCommand } from './command.js';

export function define(command: DefineCommand): Command {
  return command('prune')
    .description('remove old runs, billing archives, reports, and staging tables of abandoned lists')
    .option('--dry-run', 'only print what would be removed')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
How long each is kept: TN_LEDGER_KEEP_RUNS, TN_LEDGER_KEEP_ARCHIVES and TN_LEDGER_KEEP_REPORTS (400 days). Archives and
reports are files of this host. Months of BDR and MDR records are removed only if TN_LEDGER_KEEP_BILLING is set, after
verifying that billing_daily has what they add up to. Histories, orders and filings are never removed. The schedule
prunes after the nightly runs.

Examples:
  $ tn-ledger prune --dry-run`,
    )
    .action(async (options: { dryRun?: boolean; json?: boolean }) => {
      const [{ processSettings, withSession }, { runPrune }] = await Promise.all([
        import('./session.js'),
        import('./run-prune.js'),
      ]);
      await withSession(processSettings(), (session) => runPrune(session, options));
    });
}
