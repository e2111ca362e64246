import type { Command } from 'commander';
import type { DefineCommand } from './command.js';

const collect = (value: string, before: string[]) => [...before, value];

export function define(command: DefineCommand): Command {
  return command('audit')
    .description('what an NRUF filing as of a day would stumble over, with examples and the SQL to see all')
    .requiredOption('--as-of <date>', 'the day, such as 2026-12-31')
    .option('--account <ids>', 'only these accounts; may be given more than once', collect, [])
    .option('--aging-days <days>', 'as for tn-ledger nruf (default: 45)')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  $ tn-ledger audit --as-of 2026-06-30')
    .action(async (options: AuditOptions) => {
      const [{ processSettings, withSession }, { runAudit }] = await Promise.all([
        import('./session.js'),
        import('./run-audit.js'),
      ]);
      await withSession(processSettings(), (session) => runAudit(session, options));
    });
}

export interface AuditOptions {
  asOf: string;
  account: string[];
  agingDays?: string;
  json?: boolean;
}
