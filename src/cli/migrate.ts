import type { Command } from 'commander';
import type { DefineCommand } from './command.js';

export function define(command: DefineCommand): Command {
  return command('migrate')
    .description('apply pending database migrations (commands that write also do this)')
    .option('--down', 'roll back the newest migration instead')
    .addHelpText('after', '\nExamples:\n  $ tn-ledger migrate')
    .action(async ({ down = false }: { down?: boolean }) => {
      const [{ processSettings, withSession }, { migrate, rollbackOne }, { grantReaders }, { exitStatus }] =
        await Promise.all([
          import('./session.js'),
          import('../database/migrations.js'),
          import('../database/roles.js'),
          import('../errors.js'),
        ]);
      await withSession(processSettings(), async (session) => {
        const database = await session.database();
        if (down) {
          const undone = await rollbackOne(database);
          process.stdout.write(
            undone === undefined ? 'There are no migrations to roll back.\n' : `Rolled back ${undone}.\n`,
          );
          return exitStatus.done;
        }
        const applied = await migrate(database);
        await grantReaders(database.pool);
        process.stdout.write(
          applied.length === 0
            ? `The schema of ${database.describe} is up to date.\n`
            : `Applied ${applied.join(', ')}.\n`,
        );
        return exitStatus.done;
      });
    });
}
