import type { Command } from 'commander';
import type { DefineCommand } from './command.js';
import { keepYoungSpaceSmall } from './memory.js';

export function define(command: DefineCommand): Command {
  return command('billing')
    .description('request one billing report, wait for it, and load it; or load an archive at hand')
    .requiredOption('--type <type>', 'type of report: BDR, MDR, INVOICE, …')
    .option('--from <date>', 'first day (UTC), such as 2026-10-01')
    .option('--to <date>', 'last day')
    .option('--file <archive.zip>', 'load this archive, in place of a request')
    .option('--via <resource>', 'request it from billingreports, or from the older bdrs', 'billingreports')
    .option('--timeout <duration>', 'how long to wait for Bandwidth, such as 2h or 30m', '2h')
    .option('--account <id>', 'the account, where several are configured')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
A report replaces what older ones of its type hold for its days. The same range again asks Bandwidth again; one that an
earlier run did not see to its end is waited for instead. Of an archive without --from and --to the calls tell the days;
it is refused if any of them would have fewer rows than before.

Example:
  $ tn-ledger billing --type BDR --from 2026-10-01 --to 2026-10-31
  $ tn-ledger billing --file archive.zip --type BDR`,
    )
    .action(async (options: BillingOptions) => {
      keepYoungSpaceSmall();
      const [{ processSettings }, { runBilling }] = await Promise.all([
        import('./session.js'),
        import('./run-billing.js'),
      ]);
      await runBilling(processSettings(), options);
    });
}

export interface BillingOptions {
  type: string;
  from?: string;
  to?: string;
  file?: string;
  via: string;
  timeout: string;
  account?: string;
  json?: boolean;
}
