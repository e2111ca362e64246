import type { Command } from 'commander';
import type { DefineCommand } from './command.js';

export function define(command: DefineCommand): Command {
  return command('schedule')
    .description('stay up and run the nightly job on its cron expression')
    .option('--no-catch-up', 'do not make up a night that was missed')
    .addHelpText(
      'after',
      `
Nights begin when TN_LEDGER_SCHEDULE says in TN_LEDGER_TIMEZONE (0 2 * * * in America/New_York unless set). One that was
missed is made up once. SIGTERM or SIGINT ends it, in the middle of a night after the page in hand.

Example:
  $ tn-ledger schedule`,
    )
    .action(async ({ catchUp }: { catchUp: boolean }) => {
      const [{ processSettings, withApiSession }, { runSchedule }] = await Promise.all([
        import('./session.js'),
        import('./run-schedule.js'),
      ]);
      await withApiSession(processSettings(), (session) => runSchedule(session, { catchUp }));
    });
}
