import type { Command } from 'commander';
import type { DefineCommand } from './command.js';
import type { ClassifyCommandOptions } from './run-classify.js';

export function define(command: DefineCommand): Command {
  return command('classify')
    .description('record a use of numbers that Bandwidth does not track: administrative, intermediate, reserved, aging')
    .argument(
      '<file>',
      'CSV file or Excel workbook (.xlsx) of numbers: with a header row, or a single column without one',
    )
    .requiredOption('--category <category>', 'administrative, intermediate, reserved or aging')
    .requiredOption('--from <date>', 'first day (UTC), such as 2026-11-01')
    .option('--to <date>', 'last day (default: open-ended)')
    .option('--note <text>', 'reason, kept for later audits')
    .option('--column <name>', 'column that contains the numbers')
    .option('--sheet <name>', 'sheet of a workbook; required if several have a column of numbers')
    .option('--residential', 'residential aging numbers: limit of 90 days instead of 365')
    .option('--override', 'exceed the regulatory limit (reserved 180 days, aging 365 or 90); listed by the audit')
    .option('--allow-rejects', 'continue even if more than a tenth of the lines are rejected')
    .option('--dry-run', 'validate the file without saving anything')
    .option('--out <folder>', 'folder for rejected lines (default: outbox in the data folder)')
    .option('--account <id>', 'account to use; required if there are several')
    .option('--json', 'print the summary as JSON')
    .addHelpText(
      'after',
      `
A classification replaces overlapping earlier ones for the same numbers from its first day on. Their history is kept.
Writes <file>.rejected.csv if lines were rejected.

Examples:
  $ tn-ledger classify reserved.csv --category reserved --from 2026-11-01 --to 2027-04-29 --note "Order 4711"`,
    )
    .action(async (file: string, options: ClassifyCommandOptions) => {
      const [{ processSettings, withSession }, { runClassify }] = await Promise.all([
        import('./session.js'),
        import('./run-classify.js'),
      ]);
      await withSession(processSettings(), (session) => runClassify(session, file, options));
    });
}
