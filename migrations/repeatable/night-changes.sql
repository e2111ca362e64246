-- night_changes is a change feed. Its cursor is sync_runs.changes_until of the last successful nightly run before the latest one, so
-- the changes of the latest run stay visible until the next run begins.
--
-- sync_runs grows with every run, so each part finds its few rows by an index. A condition on account_id applies before them.
create or replace view tn_ledger.night_changes_since as
with recursive accounts as (
  (select account_id from tn_ledger.sync_runs order by account_id limit 1)
  union all
  select next.account_id
  from accounts cross join lateral (
    select r.account_id from tn_ledger.sync_runs r where r.account_id > accounts.account_id order by r.account_id limit 1
  ) as next
)
select accounts.account_id, coalesce(earlier.changes_until, '-infinity') as since
from accounts
cross join lateral (
  select r.job, r.run_id from tn_ledger.sync_runs r
  where r.account_id = accounts.account_id and (r.job = 'nightly'
    or not exists (select from tn_ledger.sync_runs n where n.account_id = accounts.account_id and n.job = 'nightly'))
  order by r.run_id desc limit 1
) as latest
left join lateral (
  select r.changes_until from tn_ledger.sync_runs r
  where r.account_id = accounts.account_id and r.job = latest.job and r.status = 'succeeded'
    and r.run_id < latest.run_id and r.changes_until is not null
  order by r.changes_until desc limit 1
) as earlier on true;
comment on view tn_ledger.night_changes_since is
  'Start time of night_changes for each account: the report of the last successful nightly run before the latest one. If nightly never ran for the account: the last successful run, before the latest one, of the job that ran last';
comment on column tn_ledger.night_changes_since.account_id is 'Bandwidth account';
comment on column tn_ledger.night_changes_since.since is 'Changes seen since then are shown; -infinity (show all changes) if no earlier run succeeded';

-- Each part reads only recent rows of an account, through the index on its own time column; a condition on account_id applies to
-- "since", and thus before anything else is read. The planner assumes that one bound matches a third of a table and two bounds match few
-- rows, hence "between … and 'infinity'". "offset 0" makes it look up the rows before it joins.
create or replace view tn_ledger.night_changes as
with since as materialized (
  select account_id, since as at from tn_ledger.night_changes_since
),
next_version as not materialized (
  select v.*, since.account_id as of_account, coalesce(n.row, to_jsonb(t)) as next
  from since
  cross join lateral (
    select * from tn_ledger.telephone_number_versions v
    where v.account_id = since.account_id and v.replaced_at between since.at and 'infinity' offset 0
  ) as v
  join tn_ledger.telephone_numbers t on t.account_id = v.account_id and t.telephone_number = v.telephone_number
  left join lateral (
    select to_jsonb(later) as row from tn_ledger.telephone_number_versions later
    where later.account_id = v.account_id and later.telephone_number = v.telephone_number and later.replaced_at > v.replaced_at
    order by later.replaced_at limit 1
  ) as n on true
)
select since.account_id, t.first_seen_at as seen_at, 'number new' as change, t.telephone_number, 'status' as field,
  null as before, t.status as after, t.in_service_date as happened_at, arrival.order_kind, arrival.order_id, arrival.user_id
from since
cross join lateral (
  select * from tn_ledger.telephone_numbers t
  where t.account_id = since.account_id and t.first_seen_at between since.at and 'infinity' offset 0
) as t
left join lateral (
  select * from tn_ledger.order_arrivals a
  where a.account_id = t.account_id and a.telephone_number = t.telephone_number
  order by a.order_date desc nulls last limit 1
) as arrival on true
union all
select v.of_account, v.replaced_at, case when v.removed_at is null then 'number left' else 'number back' end,
  v.telephone_number, 'status', case when v.removed_at is null then v.status end,
  case when v.removed_at is not null then v.next ->> 'status' end,
  case when v.removed_at is null then history.valid_to else (v.next ->> 'in_service_date')::timestamptz end,
  coalesce(moved.order_kind, arrival.order_kind), coalesce(moved.order_id, arrival.order_id),
  coalesce(moved.user_id, arrival.user_id)
from next_version v
left join lateral (
  select h.valid_to, h.to_order_id from tn_ledger.number_status_history h
  where h.account_id = v.account_id and h.telephone_number = v.telephone_number and h.valid_to <= v.replaced_at
  order by h.valid_to desc limit 1
) as history on v.removed_at is null
left join lateral (
  select o.order_kind, o.order_id, o.user_id from tn_ledger.reported_orders o
  where o.account_id = v.account_id and o.order_id = history.to_order_id limit 1
) as moved on true
left join lateral (
  select * from tn_ledger.order_arrivals a
  where a.account_id = v.account_id and a.telephone_number = v.telephone_number
  order by a.order_date desc nulls last limit 1
) as arrival on v.removed_at is not null
where (v.removed_at is null) <> (v.next ->> 'removed_at' is null)
union all
select v.of_account, v.replaced_at, 'number changed', v.telephone_number, field.name, field.before, v.next ->> field.name,
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
select since.account_id, h.recorded_from, 'number declared', h.telephone_number, 'assignment_status', earlier.assignment_status,
  h.assignment_status, h.valid_from, 'number_assignment_orders', h.order_id, o.user_id
from since
cross join lateral (
  select * from tn_ledger.number_assignment_history h
  where h.account_id = since.account_id and h.recorded_from between since.at and 'infinity' offset 0
) as h
left join tn_ledger.number_assignment_orders o on o.account_id = h.account_id and o.order_id = h.order_id
left join tn_ledger.number_assignment_history earlier
  on earlier.account_id = h.account_id and earlier.telephone_number = h.telephone_number and earlier.valid_to = h.valid_from
where not exists (
  select from tn_ledger.number_assignment_history_superseded s
  where s.account_id = h.account_id and s.telephone_number = h.telephone_number and s.order_id = h.order_id
    and s.recorded_from < since.at
)
union all
select since.account_id, s.recorded_to, 'declaration withdrawn', s.telephone_number, 'assignment_status', s.assignment_status,
  null, s.valid_from, 'number_assignment_orders', s.order_id, o.user_id
from since
cross join lateral (
  select * from tn_ledger.number_assignment_history_superseded s
  where s.account_id = since.account_id and s.recorded_to between since.at and 'infinity' and s.recorded_from < since.at offset 0
) as s
left join tn_ledger.number_assignment_orders o on o.account_id = s.account_id and o.order_id = s.order_id
where not exists (
  select from tn_ledger.number_assignment_history h
  where h.account_id = s.account_id and h.telephone_number = s.telephone_number and h.order_id = s.order_id
)
union all
select since.account_id, o.first_seen_at, 'order placed', null, 'status', null, o.status, o.order_date, o.order_kind, o.order_id, o.user_id
from since cross join lateral (
  select * from tn_ledger.reported_orders o
  where o.account_id = since.account_id and o.first_seen_at between since.at and 'infinity' offset 0
) as o
union all
select since.account_id, c.changed_at, 'order status', null, 'status', c.status_before, c.status_after, o.last_modified_date,
  c.order_kind, c.order_id, o.user_id
from since
cross join lateral (
  select * from tn_ledger.order_status_changes c
  where c.account_id = since.account_id and c.changed_at between since.at and 'infinity' offset 0
) as c
left join tn_ledger.reported_orders o on o.account_id = c.account_id and o.order_id = c.order_id and o.order_kind = c.order_kind;
comment on view tn_ledger.night_changes is
  'Who changed what: one row per change seen since the report of the last successful nightly run before the latest one. Changes by single jobs and by tn-ledger assign between two nightly runs belong to the later run. A change that was not committed when the first report was made may appear in two reports; no change is missed. See night_changes_since';
comment on column tn_ledger.night_changes.account_id is 'Bandwidth account';
comment on column tn_ledger.night_changes.seen_at is 'When tn-ledger saw the change';
comment on column tn_ledger.night_changes.change is 'number new, number left, number back, number changed, number declared (marked ASSIGNED or UNASSIGNED), declaration withdrawn (that assignment status was corrected away), order placed or order status';
comment on column tn_ledger.night_changes.telephone_number is 'The number; null for a change of an order';
comment on column tn_ledger.night_changes.field is 'Column of the number or order that changed';
comment on column tn_ledger.night_changes.before is 'Value before the change';
comment on column tn_ledger.night_changes.after is 'Value after the change';
comment on column tn_ledger.night_changes.happened_at is 'When it happened, according to Bandwidth; null if unknown';
comment on column tn_ledger.night_changes.order_kind is 'Table of the order, such as orders or portins';
comment on column tn_ledger.night_changes.order_id is 'Order that changed, or that added, removed or marked the number; null if unknown';
comment on column tn_ledger.night_changes.user_id is 'User who placed the order';
