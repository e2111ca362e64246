import pg from 'pg';
import { type CountWithExamples, countWithExamples } from '../database/count-with-examples.js';
import { addDays, type Day } from '../days.js';
import { type BillingCheck, invoiceChecks, invoiceComparison } from './invoices.js';
import { rolledUpTypes } from './report-type.js';
import { outsideInventorySql } from './usage.js';

export interface BillingFinding extends BillingCheck, CountWithExamples {}

/** Whether the user may read call records and what they add up to. */
export async function mayReadBilling(db: pg.ClientBase | pg.Pool): Promise<boolean> {
  const { rows } = await db.query(`select has_table_privilege('tn_ledger.billing_daily', 'select') as may`);
  return rows[0].may;
}

/** Days of traffic that the checks cover, up to the day of the audit. */
const auditedDays = 90;

/** What the checks of billing data cover. */
export interface BillingAuditScope {
  /** The last of the days. */
  asOf: Day;
  /** Undefined: all. */
  accounts: readonly string[] | undefined;
}

/** Runs the checks of billing data, in the client's transaction; undefined if the user may not read it. */
export async function auditBilling(
  client: pg.ClientBase,
  scope: BillingAuditScope,
): Promise<BillingFinding[] | undefined> {
  if (!(await mayReadBilling(client))) return undefined;
  const findings: BillingFinding[] = [];
  const { checks } = await billingChecks(client, scope);
  for (const check of checks) {
    findings.push({ ...check, ...(await countWithExamples(client, check.sql)) });
  }
  return findings;
}

export interface BillingChecks {
  checks: BillingCheck[];
  /** The days that they cover. */
  days: { from: Day; to: Day };
  /** The SQL of `InvoiceComparison`, whose rows the checks of invoices count. */
  comparison: string;
}

/** The checks of billing data. The user may read it. */
export async function billingChecks(
  client: pg.ClientBase,
  { asOf, accounts }: BillingAuditScope,
): Promise<BillingChecks> {
  const days = { from: addDays(asOf, 1 - auditedDays), to: asOf };
  const ofAccounts =
    accounts === undefined ? 'true' : `account_id in (${accounts.map((each) => pg.escapeLiteral(each)).join(', ')})`;
  const invoices = await invoiceComparison(client, days, ofAccounts);
  return {
    checks: [...trafficChecks(days, ofAccounts), ...invoiceChecks(invoices)],
    days,
    comparison: invoices.sql,
  };
}

/** The check whose rows are the numbers, per direction, that aren't in the inventory. */
export const outsideCheckId = 'traffic-outside-inventory';

function trafficChecks({ from, to }: { from: Day; to: Day }, ofAccounts: string): BillingCheck[] {
  return [
    {
      id: outsideCheckId,
      title: `traffic from ${from} to ${to} that is billed to numbers that the account didn't have`,
      why: 'Either the calls are made with a caller ID that is not yours, or the inventory lacks a number that is. If Bandwidth lists such a number, run `tn-ledger run sync-inservice-numbers`.',
      kind: 'attention',
      sql: outsideInventorySql(
        `d.${ofAccounts === 'true' ? 'day is not null' : ofAccounts} and d.day between '${from}' and '${to}'`,
      ),
    },
    {
      id: 'traffic-without-number',
      title: 'billing records that name no number or have no usable time',
      why: 'They may be of any number, so they count for none. Their amounts are in billing_daily with a null number or day.',
      kind: 'attention',
      sql: `select account_id, report_id, day, direction, sum(records) as records, sum(amount) as amount from billing_daily
where ${ofAccounts} and records > 0 and (telephone_number is null and day between '${from}' and '${to}' or day is null)
group by 1, 2, 3, 4 order by 1, 3, 2`,
    },
    {
      id: 'reports-not-rolled-up',
      title: 'billing reports that are loaded but not rolled up into billing_daily',
      why: 'The other checks of traffic lack their records. The next nightly run rolls them up; to do it now: tn-ledger rollup.',
      kind: 'attention',
      sql: `select account_id, report_id, type, start_date, end_date from billing_reports
where ${ofAccounts} and state = 'loaded' and replaced_by is null and rolled_up_at is null
  and type in (${rolledUpTypes.map((type) => `'${type}'`).join(', ')}) order by 1, 4`,
    },
  ];
}
