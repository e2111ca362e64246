import type { Command } from 'commander';
import type { DefineCommand } from './command.js';

export function define(command: DefineCommand): Command {
  return command('check')
    .description('check configuration, database, migrations, credentials and clock: a line each, with the mend')
    .addHelpText('after', '\nExample:\n  $ tn-ledger check')
    .action(async () => {
      const [{ processSettings, withApiSession }, { runChecks }] = await Promise.all([
        import('./session.js'),
        import('./run-checks.js'),
      ]);
      await withApiSession(processSettings(), runChecks);
    });
}
