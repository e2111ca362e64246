import type { Command } from 'commander';
import type { DefineCommand } from './command.js';
import type { ReportOptions } from './run-report.js';

export function define(command: DefineCommand): Command {
  return command('report')
    .description(
      'write an HTML report: key figures, what needs attention, two years by month, utilization, port-ins, changes, jobs, filings',
    )
    .option('--out <file>', 'output file (default: a new file in reports/ in the data folder)')
    .option('--force', 'replace the file if it exists')
    .option('--account <id>', 'include only this account (default: all accounts in the ledger)')
    .addHelpText('after', '\nExamples:\n  $ tn-ledger report --out report.html')
    .action(async (options: ReportOptions) => {
      const [{ processSettings, withSession }, { runReport }] = await Promise.all([
        import('./session.js'),
        import('./run-report.js'),
      ]);
      await withSession(processSettings(), (session) => runReport(session, options));
    });
}
