import type { Command } from 'commander';
import { collect } from './collect.js';
import type { DefineCommand } from './command.js';
import type { AuditOptions } from './run-audit.js';

export function define(command: DefineCommand): Command {
  return command('audit')
    .description('list problems that would affect an NRUF filing, with examples and the SQL to find all of them')
    .requiredOption('--as-of <date>', 'filing date, such as 2026-12-31, or last for the last reporting date')
    .option('--account <ids>', 'include only these accounts (comma-separated or repeated)', collect, [])
    .option('--ocn <ocn>', 'include only the accounts with this OCN in the accounts file')
    .option('--aging-days <days>', 'aging period, as in tn-ledger nruf (default: 45)')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  $ tn-ledger audit --as-of 2026-06-30')
    .action(async (options: AuditOptions) => {
      const [{ processSettings, withSession }, { runAudit }] = await Promise.all([
        import('./session.js'),
        import('./run-audit.js'),
      ]);
      await withSession(processSettings(), (session) => runAudit(session, options));
    });
}
