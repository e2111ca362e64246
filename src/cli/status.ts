import type { Command } from 'commander';
import type { DefineCommand } from './command.js';

export function define(command: DefineCommand): Command {
  return command('status')
    .description('show the last run of each job, open and failed items, and the time of the next nightly run')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
A run is shown as interrupted if its process is gone because it was killed, or because the machine or the database stopped.
An account that is not in BANDWIDTH_ACCOUNT_ID, never had a successful run and has no data (such as a mistyped ID) is shown
on one line (\`unconfigured\` in JSON) for a day after its last run. If BANDWIDTH_ACCOUNT_ID is not set, it is listed like
any other account for seven days.

Examples:
  $ tn-ledger status`,
    )
    .action(async ({ json = false }: { json?: boolean }) => {
      const [{ processSettings, withSession }, { printStatus }] = await Promise.all([
        import('./session.js'),
        import('./print-status.js'),
      ]);
      await withSession(processSettings(), (session) => printStatus(session, json));
    });
}
