-- night_changes is a change feed: the last nightly run that succeeded holds its cursor (sync_runs.changes_until). That of the
-- latest run is not used yet, so that its own changes stay in view until the next run begins.
create or replace view tn_ledger.night_changes_since as
select latest.account_id, coalesce(max(earlier.changes_until), '-infinity') as since
from (
  select distinct on (account_id) account_id, job, run_id
  from tn_ledger.sync_runs order by account_id, job = 'nightly' desc, run_id desc
) as latest
left join tn_ledger.sync_runs earlier on earlier.job = latest.job and earlier.account_id = latest.account_id
  and earlier.run_id < latest.run_id and earlier.status = 'succeeded'
group by latest.account_id;
comment on view tn_ledger.night_changes_since is
  'From when on night_changes shows what was seen, by account: since the report of the last nightly run that succeeded before the latest one; of an account for which nightly never ran, since the last run that succeeded of the job that ran last, before that run';
comment on column tn_ledger.night_changes_since.account_id is 'Bandwidth account';
comment on column tn_ledger.night_changes_since.since is 'Changes seen since then are shown; -infinity where no earlier run succeeded: all are';

-- Each part is limited by its own times, so that only what is recent is examined more closely.
create or replace view tn_ledger.night_changes as
with since as materialized (
  select account_id, since as at from tn_ledger.night_changes_since
),
next_version as (
  select v.*, coalesce(n.row, to_jsonb(t)) as next
  from since
  join tn_ledger.telephone_number_versions v on v.account_id = since.account_id and v.replaced_at >= since.at
  join tn_ledger.telephone_numbers t on t.account_id = v.account_id and t.telephone_number = v.telephone_number
  left join lateral (
    select to_jsonb(later) as row from tn_ledger.telephone_number_versions later
    where later.account_id = v.account_id and later.telephone_number = v.telephone_number and later.replaced_at > v.replaced_at
    order by later.replaced_at limit 1
  ) as n on true
),
any_order as not materialized (
  select 'orders' as order_kind, account_id, order_id, user_id, status, order_date, first_seen_at, last_modified_date
  from tn_ledger.orders
  union all
  select 'disconnects', account_id, order_id, user_id, status, order_date, first_seen_at, last_modified_date
  from tn_ledger.disconnects
  union all
  select 'portins', account_id, order_id, user_id, status, order_date, first_seen_at, last_modified_date
  from tn_ledger.portins
  union all
  select 'portouts', account_id, order_id, user_id, status, order_date, first_seen_at, last_modified_date
  from tn_ledger.portouts
  union all
  select 'number_assignment_orders', account_id, order_id, user_id, status, order_date, first_seen_at, last_modified_date
  from tn_ledger.number_assignment_orders
  union all
  select 'import_tn_orders', account_id, order_id, user_id, status, order_date, first_seen_at, last_modified_date
  from tn_ledger.import_tn_orders
  union all
  select 'remove_imported_tn_orders', account_id, order_id, user_id, status, order_date, first_seen_at, last_modified_date
  from tn_ledger.remove_imported_tn_orders
)
select t.account_id, t.first_seen_at as seen_at, 'number new' as change, t.telephone_number, 'status' as field,
  null as before, t.status as after, t.in_service_date as happened_at, brought.order_kind, brought.order_id, brought.user_id
from since
join tn_ledger.telephone_numbers t on t.account_id = since.account_id and t.first_seen_at >= since.at
left join lateral (
  select * from (
    select 'orders' as order_kind, o.order_id, o.user_id, o.order_date
    from tn_ledger.orders_numbers n join tn_ledger.orders o using (account_id, order_id)
    where n.account_id = t.account_id and n.telephone_number = t.telephone_number
    union all
    select 'portins', o.order_id, o.user_id, o.order_date
    from tn_ledger.portins_numbers n join tn_ledger.portins o using (account_id, order_id)
    where n.account_id = t.account_id and n.telephone_number = t.telephone_number
      and upper(o.status) = 'COMPLETE'
    union all
    select 'import_tn_orders', o.order_id, o.user_id, o.order_date
    from tn_ledger.import_tn_orders_numbers n join tn_ledger.import_tn_orders o using (account_id, order_id)
    where n.account_id = t.account_id and n.telephone_number = t.telephone_number
      and n.outcome = 'ACCEPTED' and upper(o.status) in ('COMPLETE', 'PARTIAL')
  ) as named
  order by order_date desc nulls last limit 1
) as brought on true
union all
select v.account_id, v.replaced_at, case when v.removed_at is null then 'number left' else 'number back' end,
  v.telephone_number, 'status', case when v.removed_at is null then v.status end,
  case when v.removed_at is not null then v.next ->> 'status' end,
  case when v.removed_at is null then history.valid_to else (v.next ->> 'in_service_date')::timestamptz end,
  coalesce(moved.order_kind, brought.order_kind), coalesce(moved.order_id, brought.order_id),
  coalesce(moved.user_id, brought.user_id)
from next_version v
left join lateral (
  select h.valid_to, h.to_order_id from tn_ledger.number_status_history h
  where h.account_id = v.account_id and h.telephone_number = v.telephone_number and h.valid_to <= v.replaced_at
  order by h.valid_to desc limit 1
) as history on v.removed_at is null
left join lateral (
  select o.order_kind, o.order_id, o.user_id from any_order o
  where o.account_id = v.account_id and o.order_id = history.to_order_id limit 1
) as moved on true
left join lateral (
  select * from (
    select 'orders' as order_kind, o.order_id, o.user_id, o.order_date
    from tn_ledger.orders_numbers n join tn_ledger.orders o using (account_id, order_id)
    where n.account_id = v.account_id and n.telephone_number = v.telephone_number
    union all
    select 'portins', o.order_id, o.user_id, o.order_date
    from tn_ledger.portins_numbers n join tn_ledger.portins o using (account_id, order_id)
    where n.account_id = v.account_id and n.telephone_number = v.telephone_number
      and upper(o.status) = 'COMPLETE'
    union all
    select 'import_tn_orders', o.order_id, o.user_id, o.order_date
    from tn_ledger.import_tn_orders_numbers n join tn_ledger.import_tn_orders o using (account_id, order_id)
    where n.account_id = v.account_id and n.telephone_number = v.telephone_number
      and n.outcome = 'ACCEPTED' and upper(o.status) in ('COMPLETE', 'PARTIAL')
  ) as named
  order by order_date desc nulls last limit 1
) as brought on v.removed_at is not null
where (v.removed_at is null) <> (v.next ->> 'removed_at' is null)
union all
select v.account_id, v.replaced_at, 'number changed', v.telephone_number, field.name, field.before, v.next ->> field.name,
  (v.next ->> 'last_modified')::timestamptz, null, null, null
from next_version v
cross join lateral (
  values
    ('status', to_jsonb(v.status) #>> '{}'),
    ('city', to_jsonb(v.city) #>> '{}'),
    ('state', to_jsonb(v.state) #>> '{}'),
    ('rate_center', to_jsonb(v.rate_center) #>> '{}'),
    ('lata', to_jsonb(v.lata) #>> '{}'),
    ('tier', to_jsonb(v.tier) #>> '{}'),
    ('vendor_id', to_jsonb(v.vendor_id) #>> '{}'),
    ('vendor_name', to_jsonb(v.vendor_name) #>> '{}'),
    ('in_service_date', to_jsonb(v.in_service_date) #>> '{}'),
    ('owner_account_id', to_jsonb(v.owner_account_id) #>> '{}')
) as field (name, before)
where v.removed_at is null and v.next ->> 'removed_at' is null and field.before is distinct from v.next ->> field.name
union all
select h.account_id, h.believed_since, 'number declared', h.telephone_number, 'assignment_status', earlier.assignment_status,
  h.assignment_status, h.valid_from, 'number_assignment_orders', h.order_id, o.user_id
from since
join tn_ledger.number_assignment_history h on h.account_id = since.account_id and h.believed_since >= since.at
left join tn_ledger.number_assignment_orders o on o.account_id = h.account_id and o.order_id = h.order_id
left join tn_ledger.number_assignment_history earlier
  on earlier.account_id = h.account_id and earlier.telephone_number = h.telephone_number and earlier.valid_to = h.valid_from
where not exists (
  select from tn_ledger.number_assignment_history_superseded s
  where s.account_id = h.account_id and s.telephone_number = h.telephone_number and s.order_id = h.order_id
    and s.believed_from < since.at
)
union all
select s.account_id, s.believed_to, 'declaration withdrawn', s.telephone_number, 'assignment_status', s.assignment_status,
  null, s.valid_from, 'number_assignment_orders', s.order_id, o.user_id
from since
join tn_ledger.number_assignment_history_superseded s on s.account_id = since.account_id and s.believed_to >= since.at
  and s.believed_from < since.at
left join tn_ledger.number_assignment_orders o on o.account_id = s.account_id and o.order_id = s.order_id
where not exists (
  select from tn_ledger.number_assignment_history h
  where h.account_id = s.account_id and h.telephone_number = s.telephone_number and h.order_id = s.order_id
)
union all
select o.account_id, o.first_seen_at, 'order placed', null, 'status', null, o.status, o.order_date, o.order_kind, o.order_id, o.user_id
from since join any_order o on o.account_id = since.account_id and o.first_seen_at >= since.at
union all
select c.account_id, c.changed_at, 'order status', null, 'status', c.status_before, c.status_after, o.last_modified_date,
  c.order_kind, c.order_id, o.user_id
from since
join tn_ledger.order_status_changes c on c.account_id = since.account_id and c.changed_at >= since.at
left join any_order o on o.account_id = c.account_id and o.order_id = c.order_id and o.order_kind = c.order_kind;
comment on view tn_ledger.night_changes is
  'Who changed what: a row for each change seen since the report of the last nightly run that succeeded before the latest one. What single jobs and tn-ledger assign changed between two nightly runs is part of the later one. A change may show in two reports, where it was not committed yet when the first was made; none is left out. See night_changes_since';
comment on column tn_ledger.night_changes.account_id is 'Bandwidth account';
comment on column tn_ledger.night_changes.seen_at is 'When tn-ledger saw it';
comment on column tn_ledger.night_changes.change is 'number new, number left, number back, number changed, number declared, declaration withdrawn, order placed or order status';
comment on column tn_ledger.night_changes.telephone_number is 'The number; null where the change is an order''s';
comment on column tn_ledger.night_changes.field is 'Column of the number or order that changed';
comment on column tn_ledger.night_changes.before is 'What it was before';
comment on column tn_ledger.night_changes.after is 'What it is now';
comment on column tn_ledger.night_changes.happened_at is 'When it happened, as Bandwidth dates it; null where it does not';
comment on column tn_ledger.night_changes.order_kind is 'Table that holds the order: orders, disconnects, portins, portouts, number_assignment_orders, import_tn_orders or remove_imported_tn_orders';
comment on column tn_ledger.night_changes.order_id is 'Order that changed, or by which the number came, left or was declared; null where none is known';
comment on column tn_ledger.night_changes.user_id is 'User who placed the order';
