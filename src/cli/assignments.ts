import type { Command } from 'commander';
import type { DefineCommand } from './command.js';

export function define(command: DefineCommand): Command {
  return command('assignments')
    .description('list the batches of assignment files, or show the orders and failures of one')
    .argument('[batch]', 'number of a batch')
    .option('--account <id>', 'only the batches of this account')
    .option('--limit <count>', 'how many batches, the latest first', '50')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ tn-ledger assignments\n  $ tn-ledger assignments 12')
    .action(async (batch: string | undefined, options: AssignmentsOptions) => {
      const [{ processSettings, withSession }, { printAssignments }] = await Promise.all([
        import('./session.js'),
        import('./print-assignments.js'),
      ]);
      await withSession(processSettings(), (session) => printAssignments(session, batch, options));
    });
}

export interface AssignmentsOptions {
  account?: string;
  limit: string;
  json?: boolean;
}
