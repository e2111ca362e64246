import type pg from 'pg';
import type { Day } from '../days.js';
import { findRecordsTable } from './records-table.js';

/** A check of billing data, with the fields of the checks of a filing. */
export interface BillingCheck {
  id: string;
  title: string;
  why: string;
  kind: 'attention';
  /** Returns one row per finding. */
  sql: string;
}

/**
 * Bandwidth doesn't document the columns of an invoice's CSV file: they are recognized by these names, in this order of preference,
 * as the ledger spells them.
 */
const amountColumns = [
  'amount',
  'total_amount',
  'charge_amount',
  'net_amount',
  'total_charge',
  'total_charges',
  'charges',
  'charge',
  'total',
];
/** All that exist are read together. */
const describingColumns = [
  'product_family',
  'product',
  'service',
  'charge_type',
  'charge_category',
  'category',
  'usage_type',
  'description',
  'charge_description',
];
const periodColumns = [
  ['period_start', 'period_end'],
  ['service_period_start', 'service_period_end'],
  ['service_start_date', 'service_end_date'],
  ['start_date', 'end_date'],
] as const;

/** What a line must name to be a charge for calls, and must not name. */
const callWords = 'usage|minutes?|calls?|calling|voice|origination|termination|long distance|toll[- ]?free';
const otherWords = 'tax(es)?|fees?|surcharges?|monthly|mrc|recurring|messag(e|es|ing)|sms|mms';

/** A difference is reported if it is larger than both: invoices are rounded line by line, and a call may be billed a period later. */
const toleratedAmount = '1';
const toleratedShare = '0.005';

/** How invoices are compared with the BDR. */
export interface InvoiceComparison {
  /**
   * Returns one row per invoice: `account_id`, `report_id`, `start_date`, `end_date`, `state`, `first_day` and `last_day` of its charges
   * for calls, `lines`, `unreadable`, `invoice_amount`, `bdr_amount`, `missing_days`, and `result` (`agrees`, `differs`, `not compared`).
   */
  sql: string;
  /** Why lines of an invoice may not be comparable. */
  unreadable: string;
}

/** Compares the invoices whose days overlap a range. */
export async function invoiceComparison(
  client: pg.ClientBase,
  { from, to }: { from: Day; to: Day },
  ofAccounts: string,
): Promise<InvoiceComparison> {
  const columns = (await findRecordsTable(client, 'INVOICE'))?.columns ?? new Map<string, string>();
  const amount = amountColumns.find((name) => columns.has(name));
  const describing = describingColumns.filter((name) => columns.has(name));
  const period = periodColumns.find((names) => names.every((name) => columns.has(name)));
  const invoices = `from billing_reports r where r.type = 'INVOICE' and r.${ofAccounts === 'true' ? 'account_id is not null' : ofAccounts}
  and r.replaced_by is null and r.same_as is null and r.start_date <= '${to}' and r.end_date >= '${from}'`;
  const compared =
    amount !== undefined && describing.length > 0
      ? comparedSql(linesSql(amount, describing, period, invoices))
      : nothingComparedSql;
  return {
    sql: `select r.account_id, r.report_id, r.start_date, r.end_date, r.state, c.first_day, c.last_day, c.lines, c.unreadable,
  c.invoice_amount, c.bdr_amount, c.missing_days, case
    when c.lines is null or c.unreadable > 0 or c.missing_days > 0 then 'not compared'
    when abs(c.invoice_amount - c.bdr_amount) > greatest(${toleratedAmount}, ${toleratedShare} * c.bdr_amount) then 'differs'
    else 'agrees' end as result
from (select r.* ${invoices}) r
left join (${compared}) c using (account_id, report_id)
where r.state in ('loaded', 'kept')`,
    unreadable:
      compared === nothingComparedSql
        ? `the columns ${[...columns.keys()].slice(4).join(', ') || 'of its CSV file'} are not recognized`
        : 'no line of it could be recognized as a charge for calls, or an amount could not be read',
  };
}

/** The checks whose rows are the invoices with a result of the comparison. */
export const invoiceCheckIds = { differs: 'invoice-differs', notCompared: 'invoice-not-compared' } as const;

/** The checks of compared invoices. */
export function invoiceChecks({ sql, unreadable }: InvoiceComparison): BillingCheck[] {
  return [
    {
      id: invoiceCheckIds.differs,
      title: 'invoices whose charges for calls differ from the amounts of the BDR',
      why: `Lines that name calls, voice or usage are added up, before taxes, and compared with billing_daily for the same days. Differences up to ${toleratedAmount}.00 or ${Number(toleratedShare) * 100} % are tolerated. An invoice for several accounts, or for calls that Bandwidth billed a period later, differs without a mistake: STMTBDR reports have exactly the calls of an invoice.`,
      kind: 'attention',
      sql: `select account_id, report_id, first_day, last_day, lines, unreadable, invoice_amount, bdr_amount, missing_days
from (${sql}) as compared where result = 'differs' order by account_id, first_day`,
    },
    {
      id: invoiceCheckIds.notCompared,
      title: 'invoices that could not be compared with the BDR',
      why: `The archive has only a document, ${unreadable}, or BDR reports of its days are not loaded (missing_days).`,
      kind: 'attention',
      sql: `select account_id, report_id, start_date, end_date, state, lines, unreadable, missing_days
from (${sql}) as compared where result = 'not compared' order by account_id, start_date`,
    },
  ];
}

/** The lines that are charges for calls, with their amount (null: unreadable) and days. */
function linesSql(
  amount: string,
  describing: readonly string[],
  period: readonly [string, string] | undefined,
  invoices: string,
): string {
  const day = (column: string | undefined, own: string) =>
    column === undefined
      ? own
      : `case when i.${column} ~ '^\\d{4}[-/]\\d\\d[-/]\\d\\d' then replace(left(i.${column}, 10), '/', '-')::date else ${own} end`;
  const plain = `translate(i.${amount}, '$, ', '')`;
  return `select i.account_id, i.report_id, ${day(period?.[0], 'r.start_date')} as first_day, ${day(period?.[1], 'r.end_date')} as last_day,
  case when ${plain} ~ '^-?\\d+(\\.\\d+)?$' then ${plain}::numeric end as amount
from billing_invoice i join (select r.account_id, r.report_id, r.start_date, r.end_date ${invoices}) r using (account_id, report_id)
cross join lateral (select concat_ws(' ', ${describing.map((name) => `i.${name}`).join(', ')})) as line (text)
where line.text ~* '\\m(${callWords})\\M' and line.text !~* '\\m(${otherWords})\\M'`;
}

function comparedSql(lines: string): string {
  return `select l.account_id, l.report_id, l.first_day, l.last_day, l.lines, l.unreadable, l.amount as invoice_amount, b.amount as bdr_amount, m.missing_days
from (select account_id, report_id, min(first_day) as first_day, max(last_day) as last_day, count(*) as lines,
    count(*) filter (where amount is null) as unreadable, sum(amount) as amount from (${lines}) as lines group by 1, 2) as l
cross join lateral (select coalesce(sum(d.amount), 0) as amount from billing_daily d
  where d.account_id = l.account_id and d.day between l.first_day and l.last_day) as b
cross join lateral (select count(*) as missing_days from generate_series(l.first_day, l.last_day, interval '1 day') as day
  where not exists (select from billing_reports r where r.account_id = l.account_id and r.type = 'BDR' and r.rolled_up_at is not null
    and r.state = 'loaded' and day::date between r.start_date and r.end_date)) as m`;
}

/** No table of invoice lines, or none with the columns that a comparison needs. */
const nothingComparedSql = `select null as account_id, null as report_id, null::date as first_day, null::date as last_day, null::bigint as lines,
  null::bigint as unreadable, null::numeric as invoice_amount, null::numeric as bdr_amount, null::bigint as missing_days where false`;
