import type { Command } from 'commander';
import type { DefineCommand } from './command.js';
import type { SqlOptions } from './sql-statement.js';

export function define(command: DefineCommand): Command {
  return command('sql')
    .description('run a SQL query on the ledger and print the result as a table, or open a SQL shell')
    .argument('[query]', 'SQL statement (default: read from standard input; on a terminal, open a shell)')
    .option('--csv', 'print CSV')
    .option('--json', 'print JSON')
    .option(
      '--own-rights',
      "read with the connection's own privileges, not those of tn_ledger_billing_reader or tn_ledger_reader",
    )
    .option('--as-superuser', 'like --own-rights, and allow a superuser connection, which can do more than read')
    .option('--write', "allow the statement to write, with the connection's own privileges")
    .addHelpText(
      'after',
      `
Examples:
  $ tn-ledger sql "select state, count(*) from telephone_numbers group by 1 order by 2 desc"
  $ tn-ledger sql --csv "select * from telephone_numbers" > numbers.csv
  $ tn-ledger sql`,
    )
    .action(async (query: string | undefined, options: SqlOptions) => {
      const [{ processSettings, withSession }, { runSql }] = await Promise.all([
        import('./session.js'),
        import('./run-sql.js'),
      ]);
      await withSession(processSettings(), (session) => runSql(session, query, options));
    });
}
