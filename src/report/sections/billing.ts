import { billingChecks, mayReadBilling, outsideCheckId } from '../../billing/audit.js';
import { lastLoadedDays, readMissingDays } from '../../billing/coverage.js';
import { type BillingCheck, invoiceCheckIds } from '../../billing/invoices.js';
import { rangesOf } from '../../billing/missing-days.js';
import { type DayUsage, readDailyUsage } from '../../billing/usage.js';
import { countRows } from '../../database/count-with-examples.js';
import { addDays, type Day, daysBetween } from '../../days.js';
import { formatCount } from '../../format.js';
import { columns } from '../charts/columns.js';
import { type Html, html } from '../html.js';
import { accountColumn, type Scope, shownCondition } from '../scope.js';
import type { Section } from '../section.js';
import { mostRows, sqlText, table } from '../table.js';

interface ComparedInvoice {
  account_id: string;
  report_id: string;
  start_date: Day;
  end_date: Day;
  invoice_amount: string | null;
  bdr_amount: string | null;
  missing_days: number | null;
  result: 'agrees' | 'differs' | 'not compared';
}

export interface Billing {
  /** First day of the month before the one with the last loaded day. */
  from: Day;
  /** The last day that a BDR report is loaded for. */
  to: Day;
  accounts: readonly string[];
  /** Whether messages (MDR) are loaded for any account. */
  hasMessages: boolean;
  days: readonly DayUsage[];
  /** Days that no BDR report is loaded for, in at least one account. */
  missing: readonly Day[];
  audited: { from: Day; to: Day };
  /** Traffic billed to numbers that aren't in the inventory. */
  outside: OutsideTraffic;
  invoices: ComparedInvoices;
  findings: readonly BillingFinding[];
}

interface ComparedInvoices {
  count: number;
  /** How many have that result. */
  differs: number;
  notCompared: number;
  sql: string;
  first: readonly ComparedInvoice[];
}

interface BillingFinding extends BillingCheck {
  count: number;
}

interface OutsideTraffic {
  /** Numbers per direction. */
  count: number;
  numbers: number;
  records: number;
  amount: string;
}

/** Undefined: no calls are loaded, or the user may not read them. Reads `billing_daily` and invoices, not the records. */
export async function readBilling({ client, account, day }: Scope): Promise<Billing | undefined> {
  if (!(await mayReadBilling(client))) return undefined;
  const loaded = await lastLoadedDays(client, { account, type: 'BDR', today: day });
  const [to] = loaded
    .map(({ last }) => last)
    .sort()
    .slice(-1);
  if (to === undefined) return undefined;
  const from = monthBefore(to);
  const accounts = loaded.map(({ account_id }) => account_id);
  const hasMessages = (await lastLoadedDays(client, { account, type: 'MDR', today: day })).length > 0;
  const scope = { asOf: day, accounts: account === undefined ? undefined : [account] };
  const { checks, days: audited, comparison } = await billingChecks(client, scope);
  const outside = await readOutside(client, checks.find(({ id }) => id === outsideCheckId) as BillingCheck);
  const invoices = await readInvoices(client, comparison);
  const counted: Readonly<Record<string, number>> = {
    [outsideCheckId]: outside.count,
    [invoiceCheckIds.differs]: invoices.differs,
    [invoiceCheckIds.notCompared]: invoices.notCompared,
  };
  const findings: BillingFinding[] = [];
  for (const check of checks) {
    findings.push({ ...check, count: counted[check.id] ?? (await countRows(client, check.sql)) });
  }
  return {
    ...{ from, to, accounts, hasMessages },
    days: await readDailyUsage(client, { account, from, to }),
    missing: await readMissingDays(client, { accounts, type: 'BDR', from, to }),
    audited,
    outside,
    invoices,
    findings,
  };
}

const monthBefore = (day: Day): Day => `${addDays(`${day.slice(0, 7)}-01`, -1).slice(0, 7)}-01`;

/** Only sums: the report may be read by people who may not read call records. */
async function readOutside(client: Scope['client'], { sql }: BillingCheck): Promise<OutsideTraffic> {
  const { rows } = await client.query<OutsideTraffic>(
    `select count(*)::integer as count, count(distinct (account_id, telephone_number))::integer as numbers,
            coalesce(sum(records), 0)::float8 as records, coalesce(sum(amount), 0)::text as amount
       from (${sql}) as o`,
  );
  return rows[0] as OutsideTraffic;
}

async function readInvoices(client: Scope['client'], comparison: string): Promise<ComparedInvoices> {
  const order = 'order by end_date desc, account_id, report_id';
  const { rows } = await client.query<ComparedInvoice & Pick<ComparedInvoices, 'count' | 'differs' | 'notCompared'>>(
    `select account_id, report_id, start_date::text, end_date::text, invoice_amount::text, bdr_amount::text, missing_days::integer, result,
            count(*) over ()::integer as count, count(*) filter (where result = 'differs') over ()::integer as differs,
            count(*) filter (where result = 'not compared') over ()::integer as "notCompared"
       from (${comparison}) as i ${order} limit $1`,
    [mostRows],
  );
  const { count = 0, differs = 0, notCompared = 0 } = rows[0] ?? {};
  return { count, differs, notCompared, sql: `${comparison}\n${order}`, first: rows };
}

/** Amounts name no currency. */
function formatAmount(amount: string | number): string {
  return Number(amount).toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

/** Breaks between the days, not in them. */
const daysHtml = (from: Day, to: Day) => html`<time>${from}</time> to <time>${to}</time>`;

const formatMinutes = (minutes: number) => formatCount(Math.round(minutes));

export function billingSection(scope: Scope, billing: Billing): Section {
  const { to } = billing;
  return {
    id: 'billing',
    title: 'Calls, messages and their cost',
    content: html`<p>As billed, by day (UTC), up to ${to}, the last day whose calls (BDR) are loaded. Amounts are before taxes, in the currency of the contract with Bandwidth.</p>
${monthsTable(billing)}
${charts(billing)}
${daysTable(scope, billing)}
<h3>Traffic on numbers that are not in the inventory</h3>
${outsideHtml(billing)}
<h3>Numbers without traffic</h3>
<p>To list the numbers in service that had none in the last 90 loaded days: <code>tn-ledger idle --days 90${billing.hasMessages ? '' : ' --calls-only'}</code></p>
<h3>Invoices</h3>
${invoicesTable(scope, billing)}`,
  };
}

interface Month {
  month: string;
  days: number;
  loaded: number;
  usage: Totals;
}

interface Totals {
  records: number;
  messages: number;
  minutes: number;
  amount: number;
}

function totalsOf(days: readonly DayUsage[]): Totals {
  const sum = (of: (day: DayUsage) => number) => days.reduce((total, day) => total + of(day), 0);
  return {
    records: sum(({ records }) => records),
    messages: sum(({ messages }) => messages),
    minutes: sum(({ minutes }) => minutes),
    amount: sum(({ amount }) => Number(amount)),
  };
}

function monthsTable({ from, to, days, missing, hasMessages }: Billing): Html {
  const months = [to, from].map((day): Month => {
    const month = day.slice(0, 7);
    const count = new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)), 0)).getUTCDate();
    const passed = month === to.slice(0, 7) ? Number(to.slice(8)) : count;
    const isOf = (each: Day) => each.startsWith(month);
    const usage = totalsOf(days.filter((each) => isOf(each.day)));
    return { month, days: count, loaded: passed - missing.filter(isOf).length, usage };
  });
  return table<Month>({
    id: 'billing-months',
    caption: 'The last month with loaded days and the month before',
    columns: [
      { title: 'Month', cell: ({ month }) => html`<time>${month}</time>` },
      { title: 'Days loaded', numeric: true, cell: ({ days: count, loaded }) => `${loaded} of ${count}` },
      { title: 'Calls', numeric: true, cell: ({ usage }) => formatCount(usage.records - usage.messages) },
      { title: 'Minutes', numeric: true, cell: ({ usage }) => formatMinutes(usage.minutes) },
      {
        title: 'Messages',
        numeric: true,
        cell: ({ usage }) => (hasMessages ? formatCount(usage.messages) : 'not loaded'),
      },
      { title: 'Amount', numeric: true, cell: ({ usage }) => formatAmount(usage.amount) },
    ],
    rows: months,
  });
}

function charts(billing: Billing): Html {
  const { from, to, days } = billing;
  const shown = Array.from({ length: daysBetween(from, to) + 1 }, (_, index) => addDays(from, index));
  const { minutes, amount } = totalsOf(days);
  const draw = (name: string, sum: string, of: (day: DayUsage) => number, options: { isDecimal?: boolean } = {}) => {
    const values = new Map(days.map((each) => [each.day, of(each)]));
    return columns(
      // The caption has the year.
      shown.map((day) => day.slice(5)),
      [{ name, values: shown.map((day) => values.get(day) ?? 0) }],
      {
        caption: `${name} per day, ${from} to ${to}`,
        alternative: `Column chart: ${sum} from ${from} to ${to}. The following table has the numbers.`,
      },
      { every: { wide: 7, narrow: 14 }, ...options },
    );
  };
  const note = missingNote(billing, shown.length);
  return html`${draw('Minutes', `${formatMinutes(minutes)} minutes`, (day) => day.minutes)}
${draw('Amount', `an amount of ${formatAmount(amount)}`, (day) => Number(day.amount), { isDecimal: true })}${
  note === undefined ? '' : html`\n<p>${note}</p>`
}`;
}

const rangesShown = 5;

function missingNote({ missing, accounts }: Billing, of: number): string | undefined {
  if (missing.length === 0) return undefined;
  const ranges = rangesOf(missing);
  const listed = ranges
    .slice(0, rangesShown)
    .map((range) => (range.from === range.to ? range.from : `${range.from} to ${range.to}`));
  const more = ranges.length > rangesShown ? `, and ${formatCount(ranges.length - rangesShown)} more ranges` : '';
  const where = accounts.length > 1 ? ' in at least one account' : '';
  return `No BDR report is loaded${where} for ${formatCount(missing.length)} of these ${of} days: ${listed.join(', ')}${more}. Traffic of these days is unknown, and missing in all sums.`;
}

function daysTable(scope: Scope, { from, to, days, hasMessages }: Billing): Html {
  return table<DayUsage>({
    id: 'billing-days',
    caption: 'Days with traffic, latest first',
    columns: [
      { title: 'Day', cell: ({ day }) => html`<time>${day}</time>` },
      { title: 'Calls', numeric: true, cell: ({ records, messages }) => formatCount(records - messages) },
      { title: 'Minutes', numeric: true, cell: ({ minutes }) => formatMinutes(minutes) },
      hasMessages ? { title: 'Messages', numeric: true, cell: ({ messages }) => formatCount(messages) } : undefined,
      { title: 'Amount', numeric: true, cell: ({ amount }) => formatAmount(amount) },
    ],
    rows: [...days].reverse(),
    all: {
      count: days.length,
      sql: `select day, sum(records) as records, round(sum(minutes) filter (where records > 0), 1) as minutes, sum(amount) as amount
from billing_daily
where day between '${from}' and '${to}'${shownCondition(scope, 'and')}
group by 1 order by 1 desc`,
    },
  });
}

function outsideHtml({ audited: { from, to }, outside: { numbers, records, amount }, findings }: Billing): Html {
  if (numbers === 0) return html`<p>None from ${from} to ${to}.</p>`;
  const { why = '', sql = '' } = findings.find(({ id }) => id === outsideCheckId) ?? {};
  const [are, have] = numbers === 1 ? ['number', 'has'] : ['numbers', 'have'];
  return html`<p>${formatCount(numbers)} ${are} ${have} ${formatCount(records)} calls and messages from ${from} to ${to}, with an amount of ${formatAmount(amount)}. ${withCode(why)}
The numbers are call records, so this report doesn't list them.</p>
<details class="sql"><summary>SQL</summary>${sqlText(sql)}</details>`;
}

/** Text with code in backticks. */
export const withCode = (text: string) =>
  text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part));

function invoicesTable(scope: Scope, { invoices, audited: { from, to } }: Billing): Html {
  if (invoices.count === 0) return html`<p>No invoice of days from ${from} to ${to} is loaded.</p>`;
  const amountOf = (amount: string | null) => (amount === null ? '' : formatAmount(amount));
  return html`<p>Charges for calls, compared with the amounts of the calls (BDR) of the same days. Differences up to 1.00 or 0.5% agree.</p>
${table<ComparedInvoice>({
  id: 'invoices',
  caption: 'Invoices, latest first',
  columns: [
    { title: 'Report', cell: ({ report_id }) => report_id },
    accountColumn(scope, ({ account_id }) => account_id),
    { title: 'Days', cell: ({ start_date, end_date }) => daysHtml(start_date, end_date) },
    { title: 'Invoice', numeric: true, cell: ({ invoice_amount }) => amountOf(invoice_amount) },
    {
      title: 'Calls',
      numeric: true,
      cell: ({ invoice_amount, bdr_amount }) => (invoice_amount === null ? '' : amountOf(bdr_amount)),
    },
    {
      title: 'Difference',
      numeric: true,
      cell: ({ invoice_amount, bdr_amount, result }) =>
        result === 'not compared' ? '' : formatAmount(Number(invoice_amount) - Number(bdr_amount)),
    },
    {
      title: 'Result',
      cell: ({ result, missing_days }) =>
        (missing_days ?? 0) > 0
          ? `not compared: BDR reports of ${formatCount(missing_days ?? 0)} days are not loaded`
          : result,
    },
  ],
  rows: invoices.first,
  all: { count: invoices.count, sql: invoices.sql },
})}`;
}
