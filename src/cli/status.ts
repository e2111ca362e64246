import type { Command } from 'commander';
import type { DefineCommand } from './command.js';

export function define(command: DefineCommand): Command {
  return command('status')
    .description('last run of each job, how long ago, what is open or failed, when the next night starts')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ tn-ledger status')
    .action(async ({ json = false }: { json?: boolean }) => {
      const [{ processSettings, withSession }, { printStatus }] = await Promise.all([
        import('./session.js'),
        import('./print-status.js'),
      ]);
      await withSession(processSettings(), (session) => printStatus(session, json));
    });
}
