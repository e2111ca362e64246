import { type Command, Option } from 'commander';
import type { DefineCommand } from './command.js';

interface StatusOptions {
  json?: boolean;
  check?: boolean;
  maxAge?: string;
}

export function define(command: DefineCommand): Command {
  return command('status')
    .description('show the last run of each job, open and failed items, and the time of the next nightly run')
    .option('--json', 'print JSON')
    .addOption(
      new Option(
        '--check',
        'print one line for a monitoring system, and exit with 0, 1, 2 or 3 as its plug-ins do',
      ).conflicts('json'),
    )
    .option('--max-age <duration>', 'with --check: how old the last success of a job may be (default: 26h)')
    .addHelpText(
      'after',
      `
A run is shown as interrupted if its process is gone because it was killed, or because the machine or the database stopped.
An account that is not in BANDWIDTH_ACCOUNT_ID, never had a successful run and has no data (such as a mistyped ID) is shown
on one line (\`unconfigured\` in JSON) for a day after its last run. If BANDWIDTH_ACCOUNT_ID is not set, it is listed like
any other account for seven days.

With --check: 0 (OK) if every job that ever ran for a configured account has succeeded within --max-age; 1 (WARNING) if one
has not; 2 (CRITICAL) if one has not for twice as long, or an account was never loaded; 3 (UNKNOWN) if the ledger can't be read.

Examples:
  $ tn-ledger status
  $ tn-ledger status --check --max-age 26h`,
    )
    .action(async ({ json = false, check = false, maxAge }: StatusOptions) => {
      const { UsageError } = await import('../errors.js');
      if (check) {
        const [{ processSettings }, { checkStatus }, { parseDuration }] = await Promise.all([
          import('./session.js'),
          import('./check-status.js'),
          import('../config.js'),
        ]);
        const maxAgeMs = parseDuration(maxAge ?? '26h');
        if (!maxAgeMs) throw new UsageError(`--max-age must be a duration such as 26h or 90m, not "${maxAge}".`);
        return checkStatus(processSettings(), maxAgeMs);
      }
      if (maxAge !== undefined) {
        throw new UsageError('--max-age is only used with --check.', { hint: 'Add --check, or leave it out.' });
      }
      const [{ processSettings, withSession }, { printStatus }] = await Promise.all([
        import('./session.js'),
        import('./print-status.js'),
      ]);
      await withSession(processSettings(), (session) => printStatus(session, json));
    });
}
