import type { Command } from 'commander';
import type { DefineCommand } from './command.js';

export function define(command: DefineCommand): Command {
  return command('restore')
    .description('restore a backup into an empty database')
    .argument('<dir>', 'folder of the backup')
    .option('--check', 'only check that the backup is complete and unchanged')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
The whole backup is checked before the database is changed. A restore that fails leaves the database empty. A backup of an
earlier version is brought up to date.

Examples:
  $ tn-ledger restore /backups/ledger-2026-11-29 --check
  $ TN_LEDGER_DATA_DIR=./restored tn-ledger restore /backups/ledger-2026-11-29`,
    )
    .action(async (dir: string, options: { check?: boolean; json?: boolean }) => {
      const [{ processSettings, withSession }, { runRestore }] = await Promise.all([
        import('./session.js'),
        import('./run-restore.js'),
      ]);
      await withSession(processSettings(), (session) => runRestore(session, dir, options));
    });
}
