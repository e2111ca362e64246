import type { Command } from 'commander';
import type { DefineCommand } from './command.js';

export function define(command: DefineCommand): Command {
  return command('check')
    .description(
      'check what a nightly run needs: configuration, roles, database, folders, clock; one line per check, with the fix',
    )
    .addHelpText('after', '\nExample:\n  $ tn-ledger check')
    .action(async () => {
      const [{ processSettings, withApiSession }, { runChecks }] = await Promise.all([
        import('./session.js'),
        import('./checks/run-checks.js'),
      ]);
      await withApiSession(processSettings(), runChecks);
    });
}
