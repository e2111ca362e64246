create or replace function tn_ledger.keep_order_status_changes() returns trigger language plpgsql as $function$
begin
  execute $statement$
    insert into tn_ledger.order_status_changes (account_id, order_kind, order_id, status_before, status_after, changed_at)
    select o.account_id, $1, o.order_id, o.status, n.status, now()
    from old_rows o join new_rows n on n.account_id = o.account_id and n.order_id = o.order_id
    where o.status is distinct from n.status and o.first_seen_at < now()
    order by o.account_id, o.order_id
  $statement$ using tg_table_name::text;
  return null;
end
$function$;
comment on function tn_ledger.keep_order_status_changes() is
  'Trigger of the tables of orders: keeps changes of status in order_status_changes';

create or replace trigger keep_status_changes after update on tn_ledger.orders
  referencing old table as old_rows new table as new_rows
  for each statement execute function tn_ledger.keep_order_status_changes();
create or replace trigger keep_status_changes after update on tn_ledger.disconnects
  referencing old table as old_rows new table as new_rows
  for each statement execute function tn_ledger.keep_order_status_changes();
create or replace trigger keep_status_changes after update on tn_ledger.portins
  referencing old table as old_rows new table as new_rows
  for each statement execute function tn_ledger.keep_order_status_changes();
create or replace trigger keep_status_changes after update on tn_ledger.portouts
  referencing old table as old_rows new table as new_rows
  for each statement execute function tn_ledger.keep_order_status_changes();
create or replace trigger keep_status_changes after update on tn_ledger.number_assignment_orders
  referencing old table as old_rows new table as new_rows
  for each statement execute function tn_ledger.keep_order_status_changes();
create or replace trigger keep_status_changes after update on tn_ledger.import_tn_orders
  referencing old table as old_rows new table as new_rows
  for each statement execute function tn_ledger.keep_order_status_changes();
create or replace trigger keep_status_changes after update on tn_ledger.remove_imported_tn_orders
  referencing old table as old_rows new table as new_rows
  for each statement execute function tn_ledger.keep_order_status_changes();
