import { auditBilling } from '../billing/audit.js';
import { databaseTime } from '../database/time.js';
import { inTransaction } from '../database/transaction.js';
import { dayOf } from '../days.js';
import { type ExitStatus, exitStatus } from '../errors.js';
import { capitalize } from '../format.js';
import { type AuditFinding, type AuditParameters, audit } from '../nruf/audit.js';
import { checkScope, describeAccounts } from '../nruf/scope.js';
import { accountsToCount } from './accounts-to-count.js';
import { readAgingDays, shortAgingWarning } from './aging-days.js';
import { parseAsOf, rejectFutureDays } from './day-options.js';
import { formatCount } from './format.js';
import { openLedgerToRead, refreshIfAllowed } from './open-ledger.js';
import { printResult } from './print-result.js';
import type { Session } from './session.js';

export interface AuditOptions {
  asOf: string;
  account: string[];
  ocn?: string;
  agingDays?: string;
  json?: boolean;
}

/** Prints problems that would affect a filing. Findings are not a failure: the exit status is 0. */
export async function runAudit(session: Session, options: AuditOptions): Promise<ExitStatus> {
  const day = parseAsOf(options.asOf);
  const scope = {
    accounts: accountsToCount(session.config, options),
    agingDays: readAgingDays(options.agingDays),
  };
  const short = shortAgingWarning(scope.agingDays);
  if (short !== undefined) session.log.warn(short);
  const database = await openLedgerToRead(session);
  const parameters: AuditParameters = { asOf: day(dayOf(await databaseTime(database))), ...scope };
  await rejectFutureDays(database, { '--as-of': parameters.asOf });
  await checkScope(database.pool, parameters);
  await refreshIfAllowed(session, database, parameters.accounts);
  const found = await inTransaction(
    database,
    { snapshot: 'writable', largeJoin: true, signal: session.signal, repeatable: true },
    async (client) => ({
      nruf: await audit(client, parameters),
      billing: await auditBilling(client, parameters),
    }),
  );
  if (found.billing === undefined) {
    session.log.warn(
      'Billing data was not checked: the user of DATABASE_URL may not read it. Members of tn_ledger_billing_reader may.',
    );
  }
  const findings: AuditFinding[] = [...found.nruf, ...(found.billing ?? [])];
  printResult(options.json ? toJson(findings, parameters) : toText(findings, parameters), options);
  return exitStatus.done;
}

function toText(findings: readonly AuditFinding[], { asOf, accounts }: AuditParameters): string {
  const lines = [`As of the end of ${asOf} (UTC), ${describeAccounts(accounts)}:`];
  for (const { title, why, count, examples, sql } of findings.filter((finding) => finding.count > 0)) {
    lines.push('', `${capitalize(title)}: ${formatCount(count)}`, `  ${why}`);
    for (const example of examples) lines.push(`    ${describe(example)}`);
    if (count > examples.length) lines.push('    …');
    lines.push(`  All of them:`, ...sql.split('\n').map((line) => `    ${line}`));
  }
  const nothing = findings.filter(({ count }) => count === 0).map(({ title }) => title);
  if (nothing.length > 0) lines.push('', 'None of these:', ...nothing.map((title) => `  ${title}`));
  return lines.join('\n');
}

function describe(example: Record<string, unknown>): string {
  return Object.values(example)
    .filter((value) => value !== null)
    .join('  ');
}

function toJson(findings: readonly AuditFinding[], { asOf, accounts, agingDays }: AuditParameters): string {
  return JSON.stringify({ as_of: asOf, accounts: accounts ?? null, aging_days: agingDays, findings }, null, 2);
}
