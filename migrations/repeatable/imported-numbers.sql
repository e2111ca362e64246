-- Two kinds of orders import numbers of other carriers and remove them: import_tn_orders with remove_imported_tn_orders, and external_tns.
-- A number that is removed by one kind is gone, whichever imported it.
--
-- An import without a later removal is still in force. Imports of a number that end with the same removal are one period, which
-- begins with the first import. If an order does not give the outcome for a number, the number counts as imported and not as
-- removed: it belongs to another carrier, so it can only be on the account because of an import.

create or replace view tn_ledger.imported_numbers as
select distinct on (import.account_id, import.telephone_number, removal.removed_at)
  import.account_id, import.telephone_number, import.order_id, import.imported_at, removal.removed_at, import.order_kind, import.recorded_at
from (
  select n.account_id, n.telephone_number, n.order_id, 'import_tn_orders' as order_kind,
    coalesce(o.order_date, o.last_modified_date, o.first_seen_at) as imported_at, o.first_seen_at as recorded_at
  from tn_ledger.import_tn_orders_numbers n
  join tn_ledger.import_tn_orders o on o.account_id = n.account_id and o.order_id = n.order_id
  where n.outcome is distinct from 'FAILED' and upper(o.status) in ('COMPLETE', 'PARTIAL')
  union all
  select n.account_id, n.telephone_number, n.order_id, 'external_tns',
    coalesce(o.order_date, o.last_modified_date, o.first_seen_at), o.first_seen_at
  from tn_ledger.external_tns_numbers n
  join tn_ledger.external_tns o on o.account_id = n.account_id and o.order_id = n.order_id
  where n.outcome is distinct from 'FAILED' and upper(o.status) in ('COMPLETE', 'PARTIAL') and upper(o.action) = 'IMPORT'
) as import
cross join lateral (
  select min(r.removed_at) as removed_at
  from (
    select coalesce(o.order_date, o.last_modified_date, o.first_seen_at) as removed_at
    from tn_ledger.remove_imported_tn_orders_numbers n
    join tn_ledger.remove_imported_tn_orders o on o.account_id = n.account_id and o.order_id = n.order_id
    where n.account_id = import.account_id and n.telephone_number = import.telephone_number and n.outcome = 'ACCEPTED'
      and upper(o.status) in ('COMPLETE', 'PARTIAL')
    union all
    select coalesce(o.order_date, o.last_modified_date, o.first_seen_at)
    from tn_ledger.external_tns_numbers n
    join tn_ledger.external_tns o on o.account_id = n.account_id and o.order_id = n.order_id
    where n.account_id = import.account_id and n.telephone_number = import.telephone_number and n.outcome = 'ACCEPTED'
      and upper(o.status) in ('COMPLETE', 'PARTIAL') and upper(o.action) = 'REMOVE'
  ) as r
  where r.removed_at > import.imported_at
) as removal
order by import.account_id, import.telephone_number, removal.removed_at, import.imported_at, import.order_id;
comment on view tn_ledger.imported_numbers is
  'Periods in which a number of another carrier was on the account, according to import orders and orders for external numbers. Each runs from a completed import to the first completed removal after it, of either kind';
comment on column tn_ledger.imported_numbers.account_id is 'Bandwidth account';
comment on column tn_ledger.imported_numbers.telephone_number is 'The number, as in telephone_numbers';
comment on column tn_ledger.imported_numbers.order_id is 'Order that imported it, as in the table that order_kind names';
comment on column tn_ledger.imported_numbers.imported_at is 'When that order was placed';
comment on column tn_ledger.imported_numbers.removed_at is 'When the removal order was placed; null: still imported';
comment on column tn_ledger.imported_numbers.order_kind is 'Table that contains the order that imported it: import_tn_orders or external_tns';
comment on column tn_ledger.imported_numbers.recorded_at is 'When tn-ledger first stored that order';

-- The attributes of numbers are a second witness: they also know imports whose orders are not in the ledger. An attribute that was there
-- when the attributes were first read during the number's stay on the account is as old as the stay: a number of another carrier can
-- only be on the account because of an import. It ends with the stay, even if no run has read the attributes since. That a number is
-- listed without the attribute takes back no import order; the audit lists where the two disagree.

-- Without "collate", a condition on a column of the function's result could not use an index.
create or replace function tn_ledger.nruf_attributed(known_at timestamptz)
  returns table (account_id text, telephone_number text, tn_attributes text[], found_at timestamptz, ended_at timestamptz, since timestamptz)
  language sql stable as $$
    select h.account_id, h.telephone_number, h.tn_attributes, h.valid_from,
      nullif(least(case when known_at is null or h.valid_to <= known_at then coalesce(h.valid_to, 'infinity') else 'infinity' end,
        stay.ended_at), 'infinity'),
      case when exists (
          select from tn_ledger.number_location_history e
          where e.account_id = h.account_id and e.telephone_number = h.telephone_number and e.tn_attributes is not null
            and e.valid_from < h.valid_from and e.valid_from >= coalesce(stay.began_at, h.valid_from))
        then h.valid_from else coalesce(stay.began_at, h.valid_from) end
    from tn_ledger.number_location_history h
    cross join lateral (
      select max(s.valid_from) filter (where s.is_start and s.valid_from <= h.valid_from) as began_at,
        min(s.ended_at) filter (where s.is_end and s.ended_at > h.valid_from) as ended_at
      from (
        select k.valid_from, coalesce(k.valid_to, 'infinity') as ended_at,
          lag(k.valid_to) over stays is distinct from k.valid_from as is_start,
          lead(k.valid_from) over stays is distinct from k.valid_to as is_end
        from (
          select n.status, n.valid_from, n.valid_to from tn_ledger.number_status_history n
          where n.account_id = h.account_id and n.telephone_number = h.telephone_number
            and (known_at is null or n.recorded_from <= known_at)
          union all
          select n.status, n.valid_from, n.valid_to from tn_ledger.number_status_history_superseded n
          where n.account_id = h.account_id and n.telephone_number = h.telephone_number
            and n.recorded_from <= known_at and n.recorded_to > known_at
        ) as k
        where tn_ledger.nruf_in_inventory(k.status)
        window stays as (order by k.valid_from)
      ) as s
    ) as stay
    where h.tn_attributes && '{External,Imported}' and (known_at is null or h.valid_from <= known_at)
  $$;
comment on function tn_ledger.nruf_attributed(timestamptz) is
  'attributed_numbers as known at known_at (null: now)';

create or replace view tn_ledger.attributed_numbers as
select a.account_id collate "C" as account_id, a.telephone_number collate "C" as telephone_number, a.tn_attributes, a.found_at, a.ended_at, a.since
from tn_ledger.nruf_attributed(null) a;
comment on view tn_ledger.attributed_numbers is
  'Intervals in which the attributes of a number say that it belongs to another carrier (External, Imported), from number_location_history';
comment on column tn_ledger.attributed_numbers.account_id is 'Bandwidth account';
comment on column tn_ledger.attributed_numbers.telephone_number is 'The number, as in telephone_numbers';
comment on column tn_ledger.attributed_numbers.tn_attributes is 'All its attributes, as in number_location_history';
comment on column tn_ledger.attributed_numbers.found_at is 'When a run found them';
comment on column tn_ledger.attributed_numbers.ended_at is 'When a run found others, or the stay of the number on the account ended; null: still so';
comment on column tn_ledger.attributed_numbers.since is
  'When the number is taken to belong to another carrier: the start of its stay on the account if its attributes were not read earlier in it, else found_at';

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
      and (known_at is null or m.recorded_at <= known_at)
    union all
    select a.telephone_number, tn_ledger.nruf_day(a.since), coalesce(tn_ledger.nruf_day(a.ended_at), 'infinity')
    from tn_ledger.nruf_attributed(known_at) a
    where numbers is null or a.telephone_number collate "C" = any((select numbers)::text[]);
end
$$;
comment on function tn_ledger.nruf_imports(timestamptz, text[]) is
  'Days at the end of which (UTC) numbers were imported, by orders or by their attributes, as known at known_at (null: now); only these numbers (null: all)';
