import type { Command } from 'commander';
import type { DefineCommand } from './command.js';
import { limitSemiSpace } from './memory.js';
import type { BillingOptions } from './run-billing.js';

export function define(command: DefineCommand): Command {
  return command('billing')
    .description('request a billing report, wait for it, and load it; or load an existing archive')
    .requiredOption('--type <type>', 'report type: BDR, MDR, INVOICE, …')
    .option('--from <date>', 'first day (UTC), such as 2026-10-01')
    .option('--to <date>', 'last day')
    .option('--file <archive.zip>', 'load this archive instead of requesting a report')
    .option('--via <resource>', 'API resource: billingreports, or the older bdrs', 'billingreports')
    .option('--timeout <duration>', 'how long to wait for the report, such as 2h or 30m', '2h')
    .option('--accept-shrink', 'load the report even if it leaves days with fewer rows than before')
    .option('--account <id>', 'account to use; required if several are configured')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
A report replaces the rows of older reports of its type for the same days. Requesting the same range again requests a new
report, unless an earlier run's report is still pending. A report that would leave any day with fewer rows than before is
rejected unless --accept-shrink is given. From an archive, only rows between --from and --to are loaded; without these
options, only rows of the days that nearly all rows belong to. Other rows go to billing_rejects (exit status 3).

Examples:
  $ tn-ledger billing --type BDR --from 2026-10-01 --to 2026-10-31
  $ tn-ledger billing --file archive.zip --type BDR`,
    )
    .action(async (options: BillingOptions) => {
      limitSemiSpace();
      const [{ processSettings }, { runBilling }] = await Promise.all([
        import('./session.js'),
        import('./run-billing.js'),
      ]);
      await runBilling(processSettings(), options);
    });
}
