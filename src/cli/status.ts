import type { Command } from 'commander';
import type { DefineCommand } from './command.js';

export function define(command: DefineCommand): Command {
  return command('status')
    .description('last run of each job, how long ago, what is open or failed, when the next night starts')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
A run whose process is gone (killed, or its machine or the database stopped) shows as interrupted.
An account that is not in BANDWIDTH_ACCOUNT_ID, never had a successful run and holds no data, such as a mistyped id, is one
line (\`unconfigured\` in JSON) for a day after its last run, and then no longer shown. Where BANDWIDTH_ACCOUNT_ID is not
set, it is listed like any other account, for seven days.

Example:
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
