import type { Command } from 'commander';
import type { DefineCommand } from './command.js';
import type { ApiSession } from './session.js';

export function define(command: DefineCommand): Command {
  return command('worker')
    .description('keep running and work on planned nightly runs, beside other hosts on the same database')
    .option('--until-done', 'exit when no planned run is left on any host')
    .addHelpText(
      'after',
      `
\`schedule\` plans the nightly runs and also works on them; further hosts run \`worker\`. Each account's run is taken by one of
them. If a host fails, others continue its accounts within a minute. SIGTERM or SIGINT stops the worker; its runs stop after the
current page, and other workers continue them.

Examples:
  $ tn-ledger worker
  $ tn-ledger enqueue nightly && tn-ledger worker --until-done`,
    )
    .action(async ({ untilDone = false }: { untilDone?: boolean }) => {
      const [
        { processSettings, withApiSession },
        { withAlerts },
        { workNights },
        { whileMonitored },
        { withMetricsFile },
        { exitStatus },
      ] = await Promise.all([
        import('./session.js'),
        import('./with-alerts.js'),
        import('./work-nights.js'),
        import('./serve-monitoring.js'),
        import('./metrics-file.js'),
        import('../errors.js'),
      ]);
      const work = async (session: ApiSession) => {
        await withAlerts(session, () => whileMonitored(session, () => workNights(session, { untilDone })));
        return exitStatus.done;
      };
      await withApiSession(processSettings(), untilDone ? withMetricsFile(work) : work);
    });
}
