import pg from 'pg';
import { coveredRateCenters } from '../dashboard/resources/covered-rate-centers.js';
import { type CountWithExamples, countWithExamples } from '../database/count-with-examples.js';
import { addDays, type Day } from '../days.js';
import { nearestName } from '../nearest.js';
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
  const calls = {
    numbers: `nruf_number_categories(${literal(asOf)}${account === null && agingDays === shortestAgingDays ? '' : `, ${literal(account)}, ${agingDays}`})`,
    differences: `assignment_report_differences(${account === null ? '' : literal(account)})`,
  };
  // The checks share temporary tables. The statements shown to users, and users who may not create one, call the functions.
  const { rows: rights } = await client.query(
    `select has_database_privilege(current_database(), 'temp') and current_setting('transaction_read_only') = 'off' as temp`,
  );
  const tables = { numbers: 'audit_numbers', differences: 'audit_differences' };
  if (rights[0].temp) {
    for (const [name, table] of Object.entries(tables)) {
      await client.query(`drop table if exists pg_temp.${table}`);
      await client.query(
        `create temp table ${table} on commit drop as select * from ${calls[name as keyof typeof calls]}`,
      );
      await client.query(`analyze ${table}`);
    }
  }
  const findings: AuditFinding[] = [];
  for (const { sql, ...check } of auditChecks) {
    const fill = (sources: Sources) => fillIn(sql, { asOf, accounts, ...sources });
    const counted = await countWithExamples(client, fill(rights[0].temp ? tables : calls));
    if (check.suggestsAbbreviation) await suggestAbbreviations(client, counted.examples);
    findings.push({ ...check, ...counted, sql: fill(calls) });
  }
  return findings;
}

/** Adds the official abbreviation that is spelled almost the same, in the same state, to rate centers. */
async function suggestAbbreviations(client: pg.ClientBase, examples: Record<string, unknown>[]): Promise<void> {
  const { rows } = await client.query<{ state: string; abbreviations: string[] }>(
    `select state, array_agg(distinct upper(abbreviation)) as abbreviations from ${coveredRateCenters.table}
      where state = any($1) group by state`,
    [examples.map(({ state }) => state)],
  );
  const byState = new Map(rows.map(({ state, abbreviations }) => [state, abbreviations]));
  for (const example of examples) {
    const rateCenter = String(example.rate_center).toUpperCase();
    // Short abbreviations differ in a letter or two from many others.
    const within = Math.ceil(rateCenter.length / 5);
    example.nearest = nearestName(byState.get(String(example.state)) ?? [], rateCenter, within) ?? null;
  }
}

/** What the checks select from. */
interface Sources {
  numbers: string;
  differences: string;
}

function fillIn(
  sql: string,
  { asOf, accounts, numbers, differences }: Pick<AuditParameters, 'asOf' | 'accounts'> & Sources,
): string {
  const values: Record<string, string> = {
    ':numbers': numbers,
    ':differences': differences,
    ':day': `date ${literal(asOf)}`,
    ':end': `timestamptz ${literal(`${addDays(asOf, 1)} 00:00 UTC`)}`,
    ':accounts': accounts === undefined ? 'true' : `account_id in (${accounts.map(literal).join(', ')})`,
  };
  return sql.replace(/:(?:numbers|differences|day|end|accounts)\b/g, (name) => values[name] as string);
}

function literal(value: string | number | null): string {
  if (value === null) return 'null';
  return typeof value === 'number' ? String(value) : pg.escapeLiteral(value);
}
