import type { Command } from 'commander';
import type { DefineCommand } from './command.js';

export function define(command: DefineCommand): Command {
  return command('assignments')
    .description(
      'list the batches of assignment files, or show the orders and failures of one; acknowledge a rejected file',
    )
    .argument('[batch]', 'number of a batch')
    .option('--account <id>', 'only the batches of this account')
    .option('--limit <count>', 'how many batches, the latest first', '50')
    .option('--all', 'rejected files that were acknowledged or replaced, too')
    .option('--acknowledge', 'note that somebody knows of the rejected file: it is not listed any more')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
A file that was rejected as a whole is a batch, too. It is listed here, by status and in the report until somebody acknowledges
it, or until a later file of the same name, or the same file submitted with success, replaces it.

Example:
  $ tn-ledger assignments
  $ tn-ledger assignments 12
  $ tn-ledger assignments 12 --acknowledge`,
    )
    .action(async (batch: string | undefined, options: AssignmentsOptions) => {
      const [{ processSettings, withSession }, { acknowledgeBatch }, { printAssignments }] = await Promise.all([
        import('./session.js'),
        import('./acknowledge-batch.js'),
        import('./print-assignments.js'),
      ]);
      await withSession(processSettings(), (session) =>
        options.acknowledge ? acknowledgeBatch(session, batch, options) : printAssignments(session, batch, options),
      );
    });
}

export interface AssignmentsOptions {
  account?: string;
  limit: string;
  all?: boolean;
  acknowledge?: boolean;
  json?: boolean;
}
