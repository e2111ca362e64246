import type { Command } from 'commander';
import type { DefineCommand } from './command.js';

export function define(command: DefineCommand): Command {
  return command('check')
    .description(
      'check everything a nightly run needs (configuration, roles, database, folders, clocks) and print how to fix it',
    )
    .addHelpText('after', '\nExamples:\n  $ tn-ledger check')
    .action(async () => {
      const [{ processSettings, withApiSession }, { runChecks }] = await Promise.all([
        import('./session.js'),
        import('./checks/run-checks.js'),
      ]);
      await withApiSession(processSettings(), runChecks);
    });
}
