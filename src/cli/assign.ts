import type { Command } from 'commander';
import type { DefineCommand } from './command.js';
import { keepYoungSpaceSmall } from './memory.js';

export function define(command: DefineCommand): Command {
  return command('assign')
    .description('declare the numbers of a CSV file assigned or unassigned to Bandwidth')
    .argument('<file.csv>', 'a list of numbers: with a header, or a single column without one')
    .option('--action <action>', 'ASSIGN or UNASSIGN, for lines that have no action of their own (column "action")')
    .option('--column <name>', 'the column that holds the numbers')
    .option('--dry-run', 'do all but send: how many orders it would place, and how long they take')
    .option('--force', 'send numbers also where they are already declared so')
    .option('--again', 'send the file once more, though it was sent before')
    .option('--allow-rejects', 'send the others even if more than a tenth of the lines was rejected')
    .option('--sync-first', 'bring the inventory up to date before checking the file against it')
    .option('--customer-order-id <id>', "begin the orders' ids with this (20 characters at most)")
    .option('--no-wait', 'end when the orders are placed; the next run, or night, learns what became of them')
    .option('--timeout <duration>', 'how long to wait for what becomes of the orders', '30m')
    .option('--out <folder>', 'where the results go; the outbox of the data folder unless told')
    .option('--account <id>', 'the account, where several are configured')
    .option('--json', 'print the summary as JSON')
    .addHelpText(
      'after',
      `
Writes <file>.results.csv, a line for each of the file's in the same order, and <file>.rejected.csv if lines were rejected.
The same file again resumes what was interrupted, or tells what became of it: nothing is sent twice.

Example:
  $ tn-ledger assign numbers.csv --action ASSIGN --dry-run
  $ tn-ledger assign numbers.csv --action ASSIGN`,
    )
    .action(async (file: string, options: AssignCommandOptions) => {
      keepYoungSpaceSmall();
      const [{ processSettings, withApiSession }, { runAssign }] = await Promise.all([
        import('./session.js'),
        import('./run-assign.js'),
      ]);
      await withApiSession(processSettings(), (session) => runAssign(session, file, options));
    });
}

export interface AssignCommandOptions {
  action?: string;
  column?: string;
  dryRun?: boolean;
  force?: boolean;
  again?: boolean;
  allowRejects?: boolean;
  syncFirst?: boolean;
  customerOrderId?: string;
  wait: boolean;
  timeout: string;
  out?: string;
  account?: string;
  json?: boolean;
}
