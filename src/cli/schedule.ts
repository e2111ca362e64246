import type { Command } from 'commander';
import type { DefineCommand } from './command.js';

export function define(command: DefineCommand): Command {
  return command('schedule')
    .description('keep running and start the nightly run on a cron schedule')
    .option('--no-catch-up', 'do not catch up a missed run')
    .addHelpText(
      'after',
      `
The schedule is TN_LEDGER_SCHEDULE in the time zone TN_LEDGER_TIMEZONE (default: 0 2 * * * in America/New_York). A missed
run is caught up once. SIGTERM or SIGINT stops the schedule; a run in progress stops after the current page.

Examples:
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
