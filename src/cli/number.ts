import type { Command } from 'commander';
import { collect } from './collect.js';
import type { DefineCommand } from './command.js';
import type { NumberOptions } from './run-number.js';

export function define(command: DefineCommand): Command {
  return command('number')
    .description('show everything that the ledger knows about telephone numbers, as a time line')
    .argument('[numbers...]', 'telephone numbers, such as 9195550001, "(919) 555-0001" or +19195550001')
    .option(
      '--file <file>',
      'CSV file or Excel workbook (.xlsx) with more numbers: with a header row, or a single column without one',
    )
    .option('--column <name>', 'column of the file that contains the numbers')
    .option('--sheet <name>', 'sheet of a workbook; required if several have a column of numbers')
    .option('--as-of <date>', 'show what was true at the end of this day (UTC), such as 2026-06-30, and what led to it')
    .option('--known-at <time>', 'show what the ledger had recorded at this time, such as "2026-07-28 15:00 UTC"')
    .option('--superseded', 'include what later information replaced, with the time for which the ledger had it')
    .option(
      '--live',
      'also read the numbers from the Bandwidth API now: status, location, history, reservation, and how they differ from the ledger',
    )
    .option('--account <ids>', 'include only these accounts (comma-separated or repeated; default: all)', collect, [])
    .option('--json', 'print JSON')
    .option('--csv', 'print the entries of the time lines as CSV')
    .addHelpText(
      'after',
      `
With --live, the API takes 3 requests per number under the account's rate limit. Nothing that it says is stored.

Exit status: 0 if the ledger (or, with --live, the API) knows any of the numbers, 1 if it knows none of them, or if the API refused
part of what --live reads, 2 if an argument is not a telephone number, 3 if lines of the file are not.

Examples:
  $ tn-ledger number 9195550001
  $ tn-ledger number 9195550001 --as-of 2025-12-31 --known-at "2026-01-28 15:00 UTC"
  $ tn-ledger number 9195550001 --live
  $ tn-ledger number --file numbers.csv --csv > timelines.csv
  $ tn-ledger number --file numbers.xlsx --sheet "New DIDs"`,
    )
    .action(async (numbers: string[], options: NumberOptions) => {
      const [{ processSettings, withApiSession, withSession }, { runNumber }] = await Promise.all([
        import('./session.js'),
        import('./run-number.js'),
      ]);
      if (options.live)
        await withApiSession(processSettings(), (session) => runNumber(session, numbers, options, session));
      else await withSession(processSettings(), (session) => runNumber(session, numbers, options));
    });
}
