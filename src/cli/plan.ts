import type { Command } from 'commander';
import type { DefineCommand } from './command.js';
import type { PlanCommandOptions } from './run-plan.js';

export function define(command: DefineCommand): Command {
  return command('plan')
    .description('print the requests that the next nightly run needs, per job, and how long they take')
    .option('--account <id>', 'plan only for this configured account')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
The ledger knows how long the lists are and which orders are open. Of a list that was never read, the API is asked for its size,
which takes a request. What is new since the last run is not known before it is read, and retries come on top.
Jobs that don't fit into TN_LEDGER_REQUESTS_PER_NIGHT are marked: they are left to a later run.

Examples:
  $ tn-ledger plan
  $ TN_LEDGER_REQUESTS_PER_NIGHT=5000 tn-ledger plan`,
    )
    .action(async (options: PlanCommandOptions) => {
      const [{ processSettings, withApiSession }, { printPlannedRequests }] = await Promise.all([
        import('./session.js'),
        import('./run-plan.js'),
      ]);
      await withApiSession(processSettings(), (session) => printPlannedRequests(session, options));
    });
}
