-- An import without a later removal is still in force. Imports of a number that end with the same removal are one period, which
-- begins with the first import. If an order does not give the outcome for a number, the number counts as imported and not as
-- removed: it belongs to another carrier, so it can only be on the account because of an import.

create or replace view tn_ledger.imported_numbers as
select distinct on (n.account_id, n.telephone_number, removal.removed_at)
  n.account_id, n.telephone_number, n.order_id, import.imported_at, removal.removed_at
from tn_ledger.import_tn_orders_numbers n
join tn_ledger.import_tn_orders o on o.account_id = n.account_id and o.order_id = n.order_id
cross join lateral (select coalesce(o.order_date, o.last_modified_date, o.first_seen_at) as imported_at) as import
cross join lateral (
  select min(coalesce(r.order_date, r.last_modified_date, r.first_seen_at)) as removed_at
  from tn_ledger.remove_imported_tn_orders_numbers m
  join tn_ledger.remove_imported_tn_orders r on r.account_id = m.account_id and r.order_id = m.order_id
  where m.account_id = n.account_id and m.telephone_number = n.telephone_number and m.outcome = 'ACCEPTED'
    and upper(r.status) in ('COMPLETE', 'PARTIAL')
    and coalesce(r.order_date, r.last_modified_date, r.first_seen_at) > import.imported_at
) as removal
where n.outcome is distinct from 'FAILED' and upper(o.status) in ('COMPLETE', 'PARTIAL')
order by n.account_id, n.telephone_number, removal.removed_at, import.imported_at, n.order_id;
comment on view tn_ledger.imported_numbers is
  'Periods in which a number of another carrier was imported to the account for hosted messaging. Each runs from a completed import to the first completed removal after it';
comment on column tn_ledger.imported_numbers.account_id is 'Bandwidth account';
comment on column tn_ledger.imported_numbers.telephone_number is 'The number, as in telephone_numbers';
comment on column tn_ledger.imported_numbers.order_id is 'Order that imported it, as in import_tn_orders';
comment on column tn_ledger.imported_numbers.imported_at is 'When that order was placed';
comment on column tn_ledger.imported_numbers.removed_at is 'When the removal order was placed; null: still imported';

create or replace function tn_ledger.nruf_imports(known_at timestamptz, numbers text[])
  returns table (telephone_number text, from_day date, to_day date)
  language plpgsql stable set enable_nestloop = on set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
begin
  return query
    select m.telephone_number, tn_ledger.nruf_day(m.imported_at), coalesce(tn_ledger.nruf_day(m.removed_at), 'infinity')
    from tn_ledger.imported_numbers m
    where (numbers is null or m.telephone_number = any((select numbers)::text[]))
      and (known_at is null or exists (
        select from tn_ledger.import_tn_orders o
        where o.account_id = m.account_id and o.order_id = m.order_id and o.first_seen_at <= known_at));
end
$$;
comment on function tn_ledger.nruf_imports(timestamptz, text[]) is
  'Days at the end of which (UTC) numbers were imported, as known at known_at (null: now); only these numbers (null: all)';
