import type { Command } from 'commander';
import type { DefineCommand } from './command.js';
import type { ReconcileCommandOptions } from './run-reconcile.js';

export function define(command: DefineCommand): Command {
  return command('reconcile')
    .description('compare a list of the numbers in use with the ledger, and assign what differs')
    .argument(
      '<file>',
      'CSV file or Excel workbook (.xlsx) of the numbers in use: with a header row, or a single column without one',
    )
    .option('--apply', 'submit the plan')
    .option('--dry-run', 'print the plan and send nothing (default)')
    .option('--prune', 'also mark numbers UNASSIGNED that are marked ASSIGNED and not in the file')
    .option(
      '--max-change <limit>',
      'most that the plan may change: a share (10%) or a number of numbers (default: 10%, unless nothing is marked ASSIGNED yet)',
    )
    .option('--column <name>', 'column that contains the numbers')
    .option('--sheet <name>', 'sheet of a workbook; required if several have a column of numbers')
    .option('--allow-rejects', 'continue even if more than a tenth of the lines are rejected')
    .option('--sync-first', 'sync the inventory and the assignment orders first')
    .option('--customer-order-id <id>', 'prefix of the customer order IDs (up to 20 characters)')
    .option('--no-wait', 'exit after placing the orders; a later run reads the results')
    .option('--timeout <duration>', 'how long to wait for the orders to finish', '30m')
    .option('--out <folder>', 'folder for the results (default: outbox in the data folder)')
    .option('--account <id>', 'account to use; required if there are several')
    .option('--json', 'print the plan, and what became of it, as JSON')
    .option('--csv', 'print all rows of the plan as CSV')
    .addHelpText(
      'after',
      `
The plan needs no API credentials. It shows the first numbers of each group; --csv prints all of them.
With --apply, writes <file>.results.csv with one line per input line, except those that are right already, and
<file>.unassigned.results.csv with the numbers that --prune marked UNASSIGNED. The same file resumes an interrupted run.

Examples:
  $ tn-ledger reconcile customers.csv
  $ tn-ledger reconcile customers.csv --prune --csv > plan.csv
  $ tn-ledger reconcile customers.csv --prune --apply`,
    )
    .action(async (file: string, options: ReconcileCommandOptions) => {
      const [{ processSettings, withApiSession, withSession }, { applyReconcile, printPlan }] = await Promise.all([
        import('./session.js'),
        import('./run-reconcile.js'),
      ]);
      if (!options.apply && !options.syncFirst) {
        await withSession(processSettings(), (session) => printPlan(session, file, options));
        return;
      }
      const { withMetricsFile } = await import('./metrics-file.js');
      await withApiSession(
        processSettings(),
        withMetricsFile((session) => applyReconcile(session, file, options)),
      );
    });
}
