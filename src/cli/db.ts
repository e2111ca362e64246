import type { Command } from 'commander';
import type { DefineCommand } from './command.js';
import type { DbOptions } from './run-db.js';

export function define(command: DefineCommand): Command {
  const db = command('db').description('let other programs, such as BI tools, connect to the database');
  const addRights = (subcommand: Command) =>
    subcommand
      .option('--billing', 'include call records (CPNI)')
      .option('--write', "with the connection's own privileges, which can change the ledger");
  addRights(db.command('url'))
    .description('print the connection string, with the password; it connects with read-only access')
    .addHelpText(
      'after',
      `
The embedded server only runs while a tn-ledger command uses it, such as schedule or \`tn-ledger db start\`.

Examples:
  $ tn-ledger db url`,
    )
    .action(async (options: DbOptions) => {
      const [{ processSettings, withSession }, { printUrl }] = await Promise.all([
        import('./session.js'),
        import('./run-db.js'),
      ]);
      await withSession(processSettings(), (session) => printUrl(session, options));
    });
  addRights(db.command('start'))
    .description('keep the embedded server running until Ctrl-C, and print its connection string')
    .addHelpText('after', '\nExamples:\n  $ tn-ledger db start')
    .action(async (options: DbOptions) => {
      const [{ processSettings, withSession }, { keepRunning }] = await Promise.all([
        import('./session.js'),
        import('./run-db.js'),
      ]);
      await withSession(processSettings(), (session) => keepRunning(session, options));
    });
  return db;
}
