import type { Command } from 'commander';
import type { DefineCommand } from './command.js';
import { limitSemiSpace } from './memory.js';
import type { AssignCommandOptions } from './run-assign.js';

export function define(command: DefineCommand): Command {
  return command('assign')
    .description('mark the numbers in a file as assigned or unassigned at Bandwidth')
    .argument(
      '<file>',
      'CSV file or Excel workbook (.xlsx) of numbers: with a header row, or a single column without one',
    )
    .option('--action <action>', 'ASSIGN or UNASSIGN, for lines without a value in the "action" column')
    .option('--column <name>', 'column that contains the numbers')
    .option('--sheet <name>', 'sheet of a workbook; required if several have a column of numbers')
    .option('--dry-run', 'validate the file and estimate orders and time without sending anything')
    .option('--force', 'also send numbers that already have the requested status')
    .option('--again', 'submit a file again that was already submitted')
    .option('--allow-rejects', 'continue even if more than a tenth of the lines are rejected')
    .option('--sync-first', 'sync the inventory before validating the file against it')
    .option('--customer-order-id <id>', 'prefix of the customer order IDs (up to 20 characters)')
    .option('--no-wait', 'exit after placing the orders; a later run reads the results')
    .option('--timeout <duration>', 'how long to wait for the orders to finish', '30m')
    .option('--out <folder>', 'folder for the results (default: outbox in the data folder)')
    .option('--account <id>', 'account to use; required if several are configured')
    .option('--json', 'print the summary as JSON')
    .addHelpText(
      'after',
      `
Writes <file>.results.csv with the file's own columns and the outcome of each number, in the same order, and <file>.rejected.csv if lines were rejected.
Submitting the same file again resumes an interrupted batch or reports its results. Nothing is sent twice.

Examples:
  $ tn-ledger assign numbers.csv --action ASSIGN --dry-run
  $ tn-ledger assign numbers.csv --action ASSIGN
  $ tn-ledger assign numbers.xlsx --sheet "New DIDs" --column Telefon --action ASSIGN`,
    )
    .action(async (file: string, options: AssignCommandOptions) => {
      limitSemiSpace();
      const [{ processSettings, withApiSession }, { runAssign }, { withMetricsFile }] = await Promise.all([
        import('./session.js'),
        import('./run-assign.js'),
        import('./metrics-file.js'),
      ]);
      await withApiSession(
        processSettings(),
        withMetricsFile((session) => runAssign(session, file, options)),
      );
    });
}
