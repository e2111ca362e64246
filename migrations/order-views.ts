import { historyDescriptions, orderDescriptions } from '../src/dashboard/registry.js';

// SQL that covers every table of orders is generated from the descriptions, so a new table needs no change here.

const reported = orderDescriptions.filter(({ reportsChanges }) => reportsChanges);
const arriving = historyDescriptions.filter(({ history }) => history.effect === 'in');

/** The triggers on the tables of orders, and the views that night_changes uses to read them. */
export function orderViewsSql(): string {
  return `${reported.map(({ table }) => keepStatusChanges(table)).join('\n')}

create or replace view tn_ledger.reported_orders as
${reported.map(({ table }) => reportedOrders(table)).join('\nunion all\n')};
comment on view tn_ledger.reported_orders is 'Orders of every kind whose changes night_changes shows, with the columns that all their tables have';
comment on column tn_ledger.reported_orders.order_kind is 'Table that contains the order';
comment on column tn_ledger.reported_orders.account_id is 'Bandwidth account';
comment on column tn_ledger.reported_orders.order_id is 'The order';
comment on column tn_ledger.reported_orders.user_id is 'User who placed the order';
comment on column tn_ledger.reported_orders.status is 'Status of the order';
comment on column tn_ledger.reported_orders.order_date is 'When the order was placed';
comment on column tn_ledger.reported_orders.first_seen_at is 'When tn-ledger first wrote the order';
comment on column tn_ledger.reported_orders.last_modified_date is 'When Bandwidth last changed the order';

create or replace view tn_ledger.order_arrivals as
${arriving.map(orderArrivals).join('\nunion all\n')};
comment on view tn_ledger.order_arrivals is 'Numbers that orders of any kind added to the account';
comment on column tn_ledger.order_arrivals.order_kind is 'Table that contains the order';
comment on column tn_ledger.order_arrivals.account_id is 'Bandwidth account';
comment on column tn_ledger.order_arrivals.telephone_number is 'The number, as in telephone_numbers';
comment on column tn_ledger.order_arrivals.order_id is 'The order that added the number';
comment on column tn_ledger.order_arrivals.user_id is 'User who placed the order';
comment on column tn_ledger.order_arrivals.order_date is 'When the order was placed';
`;
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
