import type { Command } from 'commander';
import type { DefineCommand } from './command.js';

export function define(command: DefineCommand): Command {
  return command('run')
    .description('run jobs now, in the order given; `run nightly` runs them all')
    .argument('<job...>', 'names of jobs')
    .option('--account <id>', 'only this one of the configured accounts')
    .option(
      '--since <date>',
      'read lists of orders back to this day (UTC); left out: what is new, at first all there is',
    )
    .option('--full', 'read lists of orders again from the first day that was ever read')
    .option('--accept-shrink', 'let a snapshot close more numbers than TN_LEDGER_MAX_SHRINK allows')
    .option('--json', 'print the summary as JSON')
    .addHelpText(
      'after',
      `
Jobs: sync-inservice-numbers, sync-number-details, sync-orders, sync-disconnects, sync-disconnected-numbers, sync-portins,
sync-portouts, sync-imported-numbers, sync-number-assignments, submit-number-assignments, fetch-billing-reports,
prepare-nruf, write-report, and nightly (all of them, in this order).

Example:
  $ tn-ledger run nightly
  $ tn-ledger run sync-inservice-numbers --account 9900008
  $ tn-ledger run sync-orders --since 2024-01-31`,
    )
    .action(async (names: string[], options: RunOptions) => {
      const [{ processSettings, withApiSession }, { jobs }, { runJobs }] = await Promise.all([
        import('./session.js'),
        import('../../jobs/index.js'),
        import('./run-jobs.js'),
      ]);
      const [{ findNamed }, { parsePastDay }] = await Promise.all([import('./nearest.js'), import('./past-day.js')]);
      if (options.since !== undefined) parsePastDay('--since', options.since);
      const chosen = names.map((name) => findNamed(jobs, name, 'job'));
      await withApiSession(processSettings(), (session) => runJobs(session, chosen, options));
    });
}

export interface RunOptions {
  account?: string;
  acceptShrink?: boolean;
  /** A day that `parsePastDay` has seen. */
  since?: string;
  full?: boolean;
  json?: boolean;
}
