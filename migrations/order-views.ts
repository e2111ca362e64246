import { descriptions, effectsOf, historyDescriptions, orderDescriptions } from '../src/dashboard/registry.js';
import type { HistoryEffect, OrderDescription } from '../src/dashboard/resource.js';

// SQL that covers every table of orders, or of numbers, is generated from the descriptions, so a new table needs no change here.

const reported = orderDescriptions.filter(({ reportsChanges }) => reportsChanges);
const arriving = historyDescriptions.filter(({ history }) => history.effect === 'in');
const numberLists = descriptions.filter((description) => description.type === 'numbers');

/** The triggers on the tables of orders, and the views that night_changes and number_timelines use to read them. */
export function orderViewsSql(): string {
  return `${reported.map(({ table }) => keepStatusChanges(table)).join('\n')}

create or replace view tn_ledger.reported_orders as
${reported.map(({ table }) => reportedOrders(table)).join('\nunion all\n')};
${commentOn(
  'reported_orders',
  'Orders of every kind whose changes night_changes shows, with the columns that all their tables have',
  {
    order_kind: 'Table that contains the order',
    account_id: 'Bandwidth account',
    order_id: 'The order',
    user_id: 'User who placed the order',
    status: 'Status of the order',
    order_date: 'When the order was placed',
    first_seen_at: 'When tn-ledger first wrote the order',
    last_modified_date: 'When Bandwidth last changed the order',
  },
)}
create or replace view tn_ledger.order_arrivals as
${arriving.map(orderArrivals).join('\nunion all\n')};
${commentOn('order_arrivals', 'Numbers that orders of any kind added to the account', {
  order_kind: 'Table that contains the order',
  account_id: 'Bandwidth account',
  telephone_number: 'The number, as in telephone_numbers',
  order_id: 'The order that added the number',
  user_id: 'User who placed the order',
  order_date: 'When the order was placed',
})}
create or replace view tn_ledger.order_numbers as
${orderDescriptions.map(orderNumbers).join('\nunion all\n')};
${commentOn(
  'order_numbers',
  'The numbers that orders of every kind name, with the columns that all their tables have',
  {
    order_kind: 'Table that contains the order',
    title: 'Name of the kind: number order, port-in, …',
    account_id: 'Bandwidth account',
    order_id: 'The order',
    telephone_number: 'The number, as in telephone_numbers',
    customer_order_id: 'ID that the customer gave the order',
    user_id: 'User who placed the order',
    status: 'Status of the order',
    order_date: 'When the order was placed',
    last_modified_date: 'When Bandwidth last changed the order',
    first_seen_at: 'When tn-ledger first stored the order with the number; for kinds with outcomes, the order',
    outcome:
      'What became of the number: ACCEPTED, FAILED or UNKNOWN; null while the order is open, and for kinds without outcomes',
    error_code: 'Error code of a number that failed',
    error_description: 'Text of error_code',
    effect:
      'What orders of the kind do to their numbers: in (add them to the account), out (remove them), mark (ASSIGNED or UNASSIGNED); null: nothing that the histories have',
    marks: 'Assignment status that the order asks for; null for other kinds',
    took_effect: 'Whether the order had its effect on the number',
    effect_at: 'When it had; null: it had none, or the order has no date',
  },
)}
create or replace view tn_ledger.listed_numbers as
${numberLists.map(({ table, titles }) => `select '${table}' as list, '${titles.one}' as title, account_id, telephone_number, first_seen_at from tn_ledger.${table}`).join('\nunion all\n')};
${commentOn(
  'listed_numbers',
  'Numbers of every list of numbers that is read by date windows, such as disconnected numbers',
  {
    list: 'Table that contains the number',
    title: 'Name of an entry of the list: disconnected number, …',
    account_id: 'Bandwidth account',
    telephone_number: 'The number, as in telephone_numbers',
    first_seen_at: 'When tn-ledger first stored it in that table',
  },
)}`;
}

function commentOn(view: string, comment: string, columns: Readonly<Record<string, string>>): string {
  const ofColumns = Object.entries(columns).map(
    ([column, text]) => `comment on column tn_ledger.${view}.${column} is '${text}';\n`,
  );
  return `comment on view tn_ledger.${view} is '${comment}';\n${ofColumns.join('')}`;
}

function keepStatusChanges(table: string): string {
  return `create or replace trigger keep_status_changes after update on tn_ledger.${table}
  referencing old table as old_rows new table as new_rows
  for each statement execute function tn_ledger.keep_order_status_changes();`;
}

function reportedOrders(table: string): string {
  return `select '${table}' as order_kind, account_id, order_id, user_id, status, order_date, first_seen_at, last_modified_date
from tn_ledger.${table}`;
}

function orderArrivals({ table, numbersTable, history }: (typeof arriving)[number]): string {
  return `select '${table}' as order_kind, o.account_id, n.telephone_number, o.order_id, o.user_id, o.order_date
from tn_ledger.${numbersTable} n
join tn_ledger.${table} o on o.account_id = n.account_id and o.order_id = n.order_id
where ${history.orders} and ${history.numbers ?? 'true'}`;
}

function orderNumbers(orders: OrderDescription): string {
  const { table, numbersTable, titles, details } = orders;
  const outcomes = details.numbers?.outcomes
    ? 'o.first_seen_at, n.outcome, n.error_code, n.error_description'
    : 'greatest(o.first_seen_at, n.first_seen_at) as first_seen_at, null as outcome, null as error_code, null as error_description';
  return `select '${table}' as order_kind, '${titles.one}' as title, o.account_id, o.order_id, n.telephone_number,
  o.customer_order_id, o.user_id, o.status, o.order_date, o.last_modified_date,
  ${outcomes},
  ${effectColumns(effectsOf(orders))}
from tn_ledger.${numbersTable} n
join tn_ledger.${table} o on o.account_id = n.account_id and o.order_id = n.order_id`;
}

/** What orders of a kind do to a number, whether this order (`o`) did so to this number (`n`), and when. */
function effectColumns(effects: readonly HistoryEffect[]): string {
  const [first] = effects;
  if (first === undefined) return 'null as effect, null as marks, false as took_effect, null::timestamptz as effect_at';
  const tookEffect = effects.map(({ orders, numbers = 'true' }) => `coalesce((${orders}) and (${numbers}), false)`);
  const effect =
    effects.length === 1
      ? `'${first.effect}'`
      : `case ${effects.map((each) => `when ${each.orders} then '${each.effect}'`).join(' ')} end`;
  const at = effects.map((each, n) => `when ${tookEffect[n]} then ${each.at}`);
  return `${effect} as effect, ${first.status ?? 'null'} as marks, ${tookEffect.join(' or ')} as took_effect,
  case ${at.join(' ')} end as effect_at`;
}
