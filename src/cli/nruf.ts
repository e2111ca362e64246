import type { Command } from 'commander';
import { collect } from './collect.js';
import type { DefineCommand } from './command.js';
import type { NrufOptions } from './run-nruf.js';

export function define(command: DefineCommand): Command {
  return command('nruf')
    .description('count numbers for FCC Form 502 (NRUF) as of a date, and write the rows of forms U4 and U3')
    .option(
      '--as-of <date>',
      'count as of the end of this day (UTC), such as 2026-12-31, or last for the last reporting date',
    )
    .option('--form <form>', 'u4 (by thousands-block) or u3 (by NPA-NXX, for rural filers)', 'u4')
    .option('--state <state>', 'include only this state, such as NC')
    .option(
      '--account <ids>',
      'include only these accounts, because filings are per OCN (comma-separated or repeated)',
      collect,
      [],
    )
    .option('--ocn <ocn>', 'include only the accounts with this OCN in the accounts file')
    .option(
      '--aging-days <days>',
      'count numbers as aging for this many days after they become UNASSIGNED (default: 45)',
    )
    .option('--assignor <text>', 'value of column J (default: the carrier that the numbers come from)')
    .option('--out <file>', 'write a .csv or .xlsx file and save the filing (default: print a table)')
    .option('--allow-gaps', 'leave required columns blank if the ledger has no data for them')
    .option('--force', 'replace the file if it exists')
    .option('--compare <number>', 'show what changed since a stored filing, as tn-ledger filing compare does')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Copy the rows into columns A to J of the form, starting at row 21, after checking that the headings match. docs/nruf.md
explains who files which form and how numbers are counted. Run tn-ledger audit first to find problems.
tn-ledger filing prepare does all of it for a deadline.

Examples:
  $ tn-ledger nruf --as-of 2026-06-30
  $ tn-ledger nruf --as-of 2026-06-30 --form u4 --state NC --out nruf-u4.xlsx
  $ tn-ledger nruf --as-of last`,
    )
    .action(async (options: NrufOptions) => {
      const [{ processSettings, withSession }, { runNruf }] = await Promise.all([
        import('./session.js'),
        import('./run-nruf.js'),
      ]);
      await withSession(processSettings(), (session) => runNruf(session, options));
    });
}
