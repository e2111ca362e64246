import type { Command } from 'commander';
import type { DefineCommand } from './command.js';

export function define(command: DefineCommand): Command {
  return command('tables')
    .description('list the tables and views of the ledger, or the columns of one, with their descriptions')
    .argument('[name]', 'table or view')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Lists what the user of the connection may read.

Examples:
  $ tn-ledger tables
  $ tn-ledger tables telephone_numbers`,
    )
    .action(async (name: string | undefined, { json = false }: { json?: boolean }) => {
      const [{ processSettings, withSession }, { printTables }] = await Promise.all([
        import('./session.js'),
        import('./print-tables.js'),
      ]);
      await withSession(processSettings(), (session) => printTables(session, name, json));
    });
}
