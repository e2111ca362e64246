import type { Command } from 'commander';
import type { DefineCommand } from './command.js';

export function define(command: DefineCommand): Command {
  return command('sql')
    .description('run SQL against the ledger and print a table; without a query it is read from standard input')
    .argument('[query]', 'one SQL statement')
    .option('--csv', 'print CSV')
    .option('--json', 'print JSON')
    .option('--write', 'let the statement write')
    .option('--as-superuser', 'read as a superuser, who may do more than read')
    .addHelpText(
      'after',
      `
Example:
  $ tn-ledger sql "select state, count(*) from telephone_numbers group by 1 order by 2 desc"
  $ tn-ledger sql --csv "select * from telephone_numbers" > numbers.csv`,
    )
    .action(async (query: string | undefined, options: SqlOptions) => {
      const [{ processSettings, withSession }, { runSql }] = await Promise.all([
        import('./session.js'),
        import('./run-sql.js'),
      ]);
      await withSession(processSettings(), (session) => runSql(session, query, options));
    });
}

export interface SqlOptions {
  csv?: boolean;
  json?: boolean;
  write?: boolean;
  asSuperuser?: boolean;
}
