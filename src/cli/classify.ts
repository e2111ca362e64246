import type { Command } from 'commander';
import type { DefineCommand } from './command.js';

export function define(command: DefineCommand): Command {
  return command('classify')
    .description('declare what numbers are used for where Bandwidth does not know it: intermediate, reserved, …')
    .argument('<file.csv>', 'a list of numbers: with a header, or a single column without one')
    .requiredOption('--category <category>', 'administrative, intermediate, reserved or aging')
    .requiredOption('--from <date>', 'first day (UTC), such as 2026-11-01')
    .option('--to <date>', 'last day; left out: until further notice')
    .option('--note <text>', 'why, for whoever asks in five years')
    .option('--column <name>', 'the column that holds the numbers')
    .option('--residential', 'aging numbers of residential customers: at most 90 days, not 365')
    .option('--override', 'longer than the rule allows (reserved 180 days, aging 365 or 90); the audit lists it')
    .option('--allow-rejects', 'declare the others even if more than a tenth of the lines was rejected')
    .option('--dry-run', 'do all but keep it')
    .option('--out <folder>', 'where the rejected lines go; the outbox of the data folder unless told')
    .option('--account <id>', 'the account, where there are several')
    .option('--json', 'print the summary as JSON')
    .addHelpText(
      'after',
      `
From its first day on it replaces what was declared for the same numbers before and overlaps it; what that said is kept.
Writes <file>.rejected.csv if lines were rejected.

Example:
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

export interface ClassifyCommandOptions {
  category: string;
  from: string;
  to?: string;
  note?: string;
  column?: string;
  override?: boolean;
  residential?: boolean;
  allowRejects?: boolean;
  dryRun?: boolean;
  out?: string;
  account?: string;
  json?: boolean;
}
