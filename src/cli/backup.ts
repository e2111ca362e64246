import type { Command } from 'commander';
import type { DefineCommand } from './command.js';

export function define(command: DefineCommand): Command {
  return command('backup')
    .description('back up the ledger to a new folder, and verify the backup')
    .argument('[dir]', 'folder to create (default: a new one in TN_LEDGER_BACKUP_DIR, where older backups are removed)')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
The backup is one snapshot of everything that can't be loaded again; jobs may run meanwhile. It contains call records:
only the user who runs tn-ledger can read it, unless TN_LEDGER_FILE_MODE says otherwise. The schedule writes one after
the nightly runs if TN_LEDGER_BACKUP_DIR is set; TN_LEDGER_KEEP_BACKUPS (7) of those are kept.

Examples:
  $ tn-ledger backup /backups/ledger-2026-11-29
  $ tn-ledger backup`,
    )
    .action(async (dir: string | undefined, options: { json?: boolean }) => {
      const [{ processSettings, withSession }, { runBackup }] = await Promise.all([
        import('./session.js'),
        import('./run-backup.js'),
      ]);
      await withSession(processSettings(), (session) => runBackup(session, dir, options));
    });
}
