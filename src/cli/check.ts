import type { Command } from 'commander';
import type { DefineCommand } from './command.js';

export function define(command: DefineCommand): Command {
  return command('check')
    .description(
      'check everything a nightly run needs (configuration, roles, database, folders, clocks) and print how to fix it',
    )
    .option('--alerts', 'also send a test message to the webhook and the mail addresses for alerts')
    .addHelpText('after', '\nExamples:\n  $ tn-ledger check\n  $ tn-ledger check --alerts')
    .action(async ({ alerts = false }: { alerts?: boolean }) => {
      const [{ processSettings, withApiSession }, { runChecks }] = await Promise.all([
        import('./session.js'),
        import('./checks/run-checks.js'),
      ]);
      await withApiSession(processSettings(), (session) => runChecks(session, { alerts }));
    });
}
