import type { Command } from 'commander';
import type { DefineCommand } from './command.js';
import type { RunOptions } from './run-jobs.js';

export function define(command: DefineCommand): Command {
  let jobNames: readonly string[] = [];
  const run = command('run')
    .description('run jobs now, in the given order; `run nightly` runs all of them')
    .argument('<job...>', 'job names')
    .option('--account <id>', 'run only for this configured account')
    .option(
      '--since <date>',
      'read order lists back to this day (UTC) (default: only new orders; the first run reads all)',
    )
    .option('--full', 'read order lists again from the earliest day ever read')
    .option(
      '--accept-shrink',
      'allow a run to close more numbers than TN_LEDGER_MAX_SHRINK, and billing reports with fewer rows than before',
    )
    .option('--json', 'print the summary as JSON')
    .addHelpText(
      'after',
      () => `
${wrapped(`Jobs: ${jobNames.join(', ')}, and nightly (all of them, in this order).`)}

Examples:
  $ tn-ledger run nightly
  $ tn-ledger run sync-inservice-numbers --account 9900008
  $ tn-ledger run sync-orders --since 2024-01-31`,
    )
    .action(async (names: string[], options: RunOptions) => {
      const [{ processSettings, withApiSession }, { jobs }, { runJobs }, { withMetricsFile }] = await Promise.all([
        import('./session.js'),
        import('../../jobs/index.js'),
        import('./run-jobs.js'),
        import('./metrics-file.js'),
      ]);
      const [{ findNamed }, { parseDayOption }] = await Promise.all([
        import('../nearest.js'),
        import('./day-options.js'),
      ]);
      if (options.since !== undefined) parseDayOption('--since', options.since);
      const chosen = names.map((name) => findNamed(jobs, name, 'job'));
      await withApiSession(
        processSettings(),
        withMetricsFile((session) => runJobs(session, chosen, options)),
      );
    });
  // Help is printed before the action runs, and this is the only command whose help needs the resources.
  run.parent?.hook('preSubcommand', async (_program, chosen) => {
    if (chosen !== run) return;
    const { planNames } = await import('../../jobs/names.js');
    jobNames = planNames;
  });
  return run;
}

/** Wraps text at 120 characters. */
function wrapped(text: string): string {
  return text.replace(/(.{1,120})(?: |$)/g, '$1\n').trimEnd();
}
