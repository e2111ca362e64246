import type { Command } from 'commander';
import { collect } from './collect.js';
import type { DefineCommand } from './command.js';
import type { IdleCommandOptions } from './run-idle.js';

export function define(command: DefineCommand): Command {
  return command('idle')
    .description('list numbers in service without a call or message, with their price per month')
    .option('--days <count>', 'how many days without traffic, up to the last day that is loaded', '90')
    .option('--calls-only', 'ignore messages: list numbers without calls')
    .option('--allow-gaps', 'list numbers although reports of some of the days are not loaded')
    .option('--prices <file.csv>', 'price list: monthly_price by tier, state, rate_center and npa')
    .option('--account <ids>', 'include only these accounts (comma-separated or repeated)', collect, [])
    .option('--csv', 'print CSV')
    .option('--json', 'print JSON')
    .option('--out <file.csv>', 'write a CSV file')
    .option('--force', 'replace the file if it exists')
    .addHelpText(
      'after',
      `
Calls are those of the BDR reports, messages those of the MDR reports, as rolled up in billing_daily. A day whose report isn't
loaded proves nothing, so the command refuses a window that isn't fully loaded: the BDR reports, and the MDR reports unless
--calls-only is given. Numbers of every status and origin are listed, with both.

In a price list, a blank cell fits every number, and the first line that fits a number has its price:
  tier,state,monthly_price
  5,,0.75
  ,AK,0.60
  ,,0.25

Examples:
  $ tn-ledger idle --days 90
  $ tn-ledger idle --days 90 --prices prices.csv --out idle.csv`,
    )
    .action(async (options: IdleCommandOptions) => {
      const [{ processSettings, withSession }, { runIdle }] = await Promise.all([
        import('./session.js'),
        import('./run-idle.js'),
      ]);
      await withSession(processSettings(), (session) => runIdle(session, options));
    });
}
