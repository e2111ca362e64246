import type { Command } from 'commander';
import type { DefineCommand } from './command.js';

export function define(command: DefineCommand): Command {
  return command('report')
    .description(
      'write the HTML report: jobs, changes, assignments, utilization, the past two years, what needs attention',
    )
    .option('--out <file>', 'where to; left out: a file of its own below reports/ in the data folder')
    .option('--force', 'replace the file if it exists')
    .option('--account <id>', 'about this account alone; left out: all that the ledger knows')
    .addHelpText('after', '\nExample:\n  $ tn-ledger report --out report.html')
    .action(async (options: ReportOptions) => {
      const [{ processSettings, withSession }, { runReport }] = await Promise.all([
        import('./session.js'),
        import('./run-report.js'),
      ]);
      await withSession(processSettings(), (session) => runReport(session, options));
    });
}

export interface ReportOptions {
  out?: string;
  force?: boolean;
  account?: string;
}
