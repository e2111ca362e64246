import type { Command } from 'commander';
import type { DefineCommand } from './command.js';
import type { AssignmentsOptions } from './print-assignments.js';

export function define(command: DefineCommand): Command {
  return command('assignments')
    .description(
      'list submitted assignment files (batches), show the orders and failures of one, or acknowledge a rejected file',
    )
    .argument('[batch]', 'batch number')
    .option('--account <id>', 'show only batches of this account')
    .option('--limit <count>', 'maximum number of batches, newest first', '50')
    .option('--all', 'include rejected files that were acknowledged or replaced')
    .option('--acknowledge', 'acknowledge a rejected file, so that it is no longer listed')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
A file that was rejected as a whole is also a batch. It appears here, in status and in the report until it is acknowledged or
replaced. A later file of the same name replaces it, and so does submitting the same file successfully.

Examples:
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
