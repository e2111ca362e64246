-- A trigger sees the changed rows without comparing all numbers of the account again. Its statement is planned on each call
-- (execute), because a plan made for zero rows would be far too slow for a million.
--
-- Not stored: columns that are not about the number itself (raw, assignment_status, discrepancy), and changes where the number details
-- only fill in what was unknown after the number first appeared in the in-service list.

create or replace function tn_ledger.keep_telephone_number_versions() returns trigger language plpgsql as $function$
begin
  execute $statement$
    insert into tn_ledger.telephone_number_versions (
      account_id, telephone_number, status, city, state, rate_center, lata, tier, vendor_id, vendor_name,
      in_service_date, last_modified, removed_at, owner_account_id, replaced_at)
    select o.account_id, o.telephone_number, o.status, o.city, o.state, o.rate_center, o.lata, o.tier, o.vendor_id, o.vendor_name,
      o.in_service_date, o.last_modified, o.removed_at, o.owner_account_id, now()
    from old_rows o join new_rows n on n.account_id = o.account_id and n.telephone_number = o.telephone_number
    where o.first_seen_at < now()
      and (o.status, o.city, o.state, o.rate_center, o.lata, o.tier, o.vendor_id, o.vendor_name,
           o.in_service_date, o.last_modified, o.removed_at, o.owner_account_id)
        is distinct from
          (n.status, n.city, n.state, n.rate_center, n.lata, n.tier, n.vendor_id, n.vendor_name,
           n.in_service_date, n.last_modified, n.removed_at, n.owner_account_id)
      and not (
        o.changed_at = o.first_seen_at
        and o.status = 'Inservice' and n.status = 'Inservice' and o.removed_at is null and n.removed_at is null
        and (n.in_service_date is null or n.in_service_date <= o.first_seen_at)
        and (o.city is null or o.city is not distinct from n.city)
        and (o.state is null or o.state is not distinct from n.state)
        and (o.rate_center is null or o.rate_center is not distinct from n.rate_center)
        and (o.lata is null or o.lata is not distinct from n.lata)
        and (o.tier is null or o.tier is not distinct from n.tier)
        and (o.vendor_id is null or o.vendor_id is not distinct from n.vendor_id)
        and (o.vendor_name is null or o.vendor_name is not distinct from n.vendor_name)
        and (o.in_service_date is null or o.in_service_date is not distinct from n.in_service_date)
        and (o.last_modified is null or o.last_modified is not distinct from n.last_modified)
        and (o.owner_account_id is null or o.owner_account_id is not distinct from n.owner_account_id))
    order by o.account_id, o.telephone_number
    on conflict do nothing
  $statement$;
  return null;
end
$function$;
revoke execute on function tn_ledger.keep_telephone_number_versions() from public;
comment on function tn_ledger.keep_telephone_number_versions() is
  'Trigger on telephone_numbers: stores replaced rows in telephone_number_versions';

create or replace trigger keep_versions after update on tn_ledger.telephone_numbers
  referencing old table as old_rows new table as new_rows
  for each statement execute function tn_ledger.keep_telephone_number_versions();
