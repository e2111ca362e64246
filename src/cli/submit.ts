import type { Command } from 'commander';
import type { DefineCommand } from './command.js';
import type { SubmitOptions } from './run-submit.js';

export function define(command: DefineCommand): Command {
  return command('submit')
    .description(
      'store a file in the database, for the next run on any host to assign, reconcile or classify its numbers',
    )
    .argument(
      '<file>',
      'CSV file or Excel workbook (.xlsx) of numbers: with a header row, or a single column without one',
    )
    .option('--action <action>', 'ASSIGN or UNASSIGN, for lines without a value in the "action" column')
    .option('--force', 'also send numbers that already have the requested status')
    .option('--again', 'submit a file again that was already submitted')
    .option('--customer-order-id <id>', 'prefix of the customer order IDs (up to 20 characters)')
    .option('--reconcile', 'reconcile: the file lists the numbers in use')
    .option('--prune', 'reconcile: also mark numbers UNASSIGNED that are not in the file')
    .option('--max-change <limit>', 'reconcile: most that may change, such as 10% or 500')
    .option('--category <category>', 'classify: administrative, intermediate, reserved or aging')
    .option('--from <date>', 'classify: first day (UTC), such as 2026-11-01')
    .option('--to <date>', 'classify: last day (default: open-ended)')
    .option('--note <text>', 'classify: reason, kept for later audits')
    .option('--residential', 'classify: residential aging numbers, limit of 90 days instead of 365')
    .option('--override', 'classify: exceed the regulatory limit; listed by the audit')
    .option('--column <name>', 'column that contains the numbers')
    .option('--sheet <name>', 'sheet of a workbook; required if several have a column of numbers')
    .option('--allow-rejects', 'continue even if more than a tenth of the lines are rejected')
    .option('--out <folder>', 'folder for rejected lines (default: outbox in the data folder)')
    .option('--account <id>', 'account to use; required if there are several')
    .option('--json', 'print the summary as JSON')
    .addHelpText(
      'after',
      `
The file is checked first, as \`tn-ledger assign --dry-run\`, \`tn-ledger reconcile\` or \`tn-ledger classify --dry-run\` check it. Needs no API credentials.
The nightly run of the account takes it, on whichever host; so does \`tn-ledger run submit-number-assignments\`.
\`tn-ledger files\` shows what became of it. A file can have any size.

Examples:
  $ tn-ledger submit numbers.csv --action ASSIGN
  $ tn-ledger submit customers.csv --reconcile --prune
  $ tn-ledger submit reserved.csv --category reserved --from 2026-11-01 --to 2027-04-29 --note "Order 4711"`,
    )
    .action(async (file: string, options: SubmitOptions) => {
      const [{ processSettings, withSession }, { runSubmit }] = await Promise.all([
        import('./session.js'),
        import('./run-submit.js'),
      ]);
      await withSession(processSettings(), (session) => runSubmit(session, file, options));
    });
}
