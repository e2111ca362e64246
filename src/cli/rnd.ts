import type { Command } from 'commander';
import { collect } from './collect.js';
import type { DefineCommand } from './command.js';
import type { RndOptions } from './run-rnd.js';

export function define(command: DefineCommand): Command {
  return command('rnd')
    .description('list permanently disconnected numbers for the Reassigned Numbers Database (47 CFR 64.1200(l))')
    .requiredOption('--month <month>', 'month of the disconnects (UTC), such as 2026-10')
    .option('--through <date>', 'include disconnects until this day of the next month')
    .option('--account <ids>', 'include only these accounts (comma-separated or repeated)', collect, [])
    .option('--ocn <ocn>', 'include only the accounts with this OCN in the accounts file')
    .option('--out <file>', 'write the file to submit (.csv or .xlsx), and store what was reported')
    .option('--force', 'replace the file if it exists')
    .option('--json', 'print JSON, with the numbers and the excluded ones')
    .option('--csv', 'print all numbers as CSV, with the reasons of the excluded ones')
    .addHelpText(
      'after',
      `
The report is due on the 15th of the next month. docs/filing.md has the rules: what counts as a disconnect, and which
numbers are excluded.

Exit status: 0 done; 3 done, but the ledger doesn't know the whole period, or numbers need a look.

Examples:
  $ tn-ledger rnd --month 2026-10
  $ tn-ledger rnd --month 2026-10 --through 2026-11-10 --out disconnected.csv`,
    )
    .action(async (options: RndOptions) => {
      const [{ processSettings, withSession }, { runRnd }] = await Promise.all([
        import('./session.js'),
        import('./run-rnd.js'),
      ]);
      await withSession(processSettings(), (session) => runRnd(session, options));
    });
}
