import pg from 'pg';
import { type CountWithExamples, countWithExamples } from '../database/count-with-examples.js';
import { addDays, type Day } from '../days.js';
import { type AuditCheck, auditChecks } from './audit-checks.js';
import { shortestAgingDays } from './limits.js';
import { accountsArgument } from './scope.js';

export interface AuditFinding extends Omit<AuditCheck, 'sql'>, CountWithExamples {
  /** A statement that returns every finding. */
  sql: string;
}

export interface AuditParameters {
  asOf: Day;
  accounts: readonly string[] | undefined;
  agingDays: number;
}

/** Runs every check for a filing as of a day, in the client's transaction. The result includes checks without findings. */
export async function audit(client: pg.ClientBase, parameters: AuditParameters): Promise<AuditFinding[]> {
  const { asOf, accounts, agingDays } = parameters;
  const account = accountsArgument(accounts);
  const call = `nruf_number_categories(${literal(asOf)}${account === null && agingDays === shortestAgingDays ? '' : `, ${literal(account)}, ${agingDays}`})`;
  // The checks share one temporary table. The statements shown to users, and users who may not create one, call the function.
  const { rows: rights } = await client.query(
    `select has_database_privilege(current_database(), 'temp') and current_setting('transaction_read_only') = 'off' as temp`,
  );
  const counted: string = rights[0].temp ? 'audit_numbers' : call;
  if (rights[0].temp) {
    await client.query('drop table if exists pg_temp.audit_numbers');
    await client.query(`create temp table audit_numbers on commit drop as select * from ${call}`);
    await client.query('analyze audit_numbers');
  }
  const findings: AuditFinding[] = [];
  for (const { sql, ...check } of auditChecks) {
    const fill = (numbers: string) => fillIn(sql, { asOf, accounts, numbers });
    findings.push({ ...check, ...(await countWithExamples(client, fill(counted))), sql: fill(call) });
  }
  return findings;
}

function fillIn(
  sql: string,
  { asOf, accounts, numbers }: Pick<AuditParameters, 'asOf' | 'accounts'> & { numbers: string },
): string {
  const values: Record<string, string> = {
    ':numbers': numbers,
    ':day': `date ${literal(asOf)}`,
    ':end': `timestamptz ${literal(`${addDays(asOf, 1)} 00:00 UTC`)}`,
    ':accounts': accounts === undefined ? 'true' : `account_id in (${accounts.map(literal).join(', ')})`,
  };
  return sql.replace(/:(?:numbers|day|end|accounts)\b/g, (name) => values[name] as string);
}

function literal(value: string | number | null): string {
  if (value === null) return 'null';
  return typeof value === 'number' ? String(value) : pg.escapeLiteral(value);
}
