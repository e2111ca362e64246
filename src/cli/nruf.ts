import type { Command } from 'commander';
import type { DefineCommand } from './command.js';

const collect = (value: string, before: string[]) => [...before, value];

export function define(command: DefineCommand): Command {
  return command('nruf')
    .description('count numbers for FCC Form 502 (NRUF) at the end of a day, and write the rows of its forms U4 and U3')
    .option('--as-of <date>', 'the day, such as 2026-12-31; it counts at its end, UTC')
    .option('--form <form>', 'u4 (by thousands-block) or u3 (by NPA-NXX, for rural filers)', 'u4')
    .option('--state <state>', 'only rows of this state, such as NC')
    .option('--account <ids>', 'only these accounts, as a filing is per OCN; may be given more than once', collect, [])
    .option('--aging-days <days>', 'count numbers as aging for so many days after their UNASSIGNED (default: 45)')
    .option('--assignor <text>', 'column J; left out: the carrier that the numbers come from')
    .option('--out <file>', 'write a .csv or .xlsx, and keep the filing; left out: a table on the screen')
    .option('--allow-gaps', 'leave blanks where the ledger does not know what the form requires')
    .option('--force', 'replace a file that exists')
    .option('--filings', 'list the filings that are kept')
    .option('--filing <number>', 'write the file of a kept filing again, byte for byte')
    .option('--compare <number>', 'show what changed since a kept filing, row by row')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
The rows go into the form as they are, columns A to J from row 21; check its headings first. docs/nruf.md tells who files
which form, and how each number is counted; tn-ledger audit what a filing would stumble over.

Example:
  $ tn-ledger nruf --as-of 2026-06-30
  $ tn-ledger nruf --as-of 2026-06-30 --form u4 --state NC --out nruf-u4.xlsx
  $ tn-ledger nruf --compare 1`,
    )
    .action(async (options: NrufOptions) => {
      const [{ processSettings, withSession }, { runNruf }] = await Promise.all([
        import('./session.js'),
        import('./run-nruf.js'),
      ]);
      await withSession(processSettings(), (session) => runNruf(session, options));
    });
}

export interface NrufOptions {
  asOf?: string;
  form: string;
  state?: string;
  account: string[];
  agingDays?: string;
  assignor?: string;
  out?: string;
  allowGaps?: boolean;
  force?: boolean;
  filings?: boolean;
  filing?: string;
  compare?: string;
  json?: boolean;
}
