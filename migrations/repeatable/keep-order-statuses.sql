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
revoke execute on function tn_ledger.keep_order_status_changes() from public;
comment on function tn_ledger.keep_order_status_changes() is
  'Trigger on the order tables: records status changes in order_status_changes';
