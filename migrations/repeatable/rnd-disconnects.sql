-- Permanent disconnects for the Reassigned Numbers Database (RND): 47 CFR 52.15(f)(8) and 64.1200(l).
--
-- A number is permanently disconnected when a subscriber has given it up for good, or the provider has taken it back for good. A
-- number ported to another provider is not (64.1200(l)(3); FCC 18-177, paragraph 38). So what counts is the end of its use by an end
-- user, which is not always the day on which it leaves the account: an UNASSIGN after an ASSIGN ends the use of a number that stays.
--
-- A number that nobody ever marked may have had an end user, so it counts as used as long as it was in service. To report such a
-- number is harmless, because nobody can be reached on it; to omit it is not.
--
-- Everything within the shortest aging period (45 days; 52.15(f)(1)(ii)) is taken for the same use: a number must not get another
-- end user earlier, so one that is assigned or in service again by then was not disconnected for good. A later return doesn't undo
-- the disconnect, and a report made a year later is the same.
create or replace function tn_ledger.rnd_disconnects(first_day date, last_day date, account text default null)
  returns table (telephone_number text, account_id text, disconnected_on date, evidence text, order_id text, marked text,
    excluded text, recorded_at timestamptz)
  language plpgsql stable set jit = off set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  aging constant interval := '45 days';
  from_time constant timestamptz := first_day::timestamp at time zone 'UTC';
  to_time constant timestamptz := (last_day + 1)::timestamp at time zone 'UTC';
  wanted constant text[] := array(select distinct btrim(a) from unnest(string_to_array(account, ',')) a where btrim(a) <> '');
begin
  if first_day is null or last_day is null or first_day > last_day then
    raise exception 'first_day % must not be after last_day %', coalesce(first_day::text, 'null'), coalesce(last_day::text, 'null')
      using errcode = '22023';
  end if;
  return query
  with
  -- The number leaves: it was on the account, and then is not, or is Aging at Bandwidth. A status without a counting rule neither
  -- ends the use nor hides that it ends later.
  leaves as (
    select h.account_id, h.telephone_number, h.valid_to as ended_at, h.to_order_id as order_id, h.recorded_from as recorded_at,
      n.status as next_status
    from tn_ledger.number_status_history h
    left join tn_ledger.number_status_history n
      on n.account_id = h.account_id and n.telephone_number = h.telephone_number and n.valid_from = h.valid_to
    where h.valid_to >= from_time and h.valid_to < to_time and h.status <> 'Aging'
      and (account is null or h.account_id = any(wanted))
      and (n.status is null or n.status = 'Aging' or tn_ledger.nruf_in_inventory(h.status) and not tn_ledger.nruf_in_inventory(n.status))
  ),
  unassigned as (
    select a.account_id, a.telephone_number, a.valid_from as ended_at, a.order_id, a.recorded_from as recorded_at
    from tn_ledger.number_assignment_history a
    join tn_ledger.number_assignment_history b
      on b.account_id = a.account_id and b.telephone_number = a.telephone_number and b.valid_to = a.valid_from
    where a.assignment_status = 'UNASSIGNED' and b.assignment_status = 'ASSIGNED'
      and a.valid_from >= from_time and a.valid_from < to_time and (account is null or a.account_id = any(wanted))
  ),
  -- Aging numbers are disconnected numbers (52.15(f)(1)(ii)), so the first day of that category ends the use of a number that is
  -- not marked UNASSIGNED.
  classified as (
    select c.account_id, c.telephone_number, c.valid_from as ended_at, null::text as order_id, c.recorded_from as recorded_at
    from tn_ledger.number_categories c
    where c.category = 'aging' and c.valid_from >= from_time and c.valid_from < to_time
      and (account is null or c.account_id = any(wanted))
      and not exists (select from tn_ledger.number_categories b
        where b.account_id = c.account_id and b.telephone_number = c.telephone_number and b.category = 'aging' and b.valid_to = c.valid_from)
      and exists (select from tn_ledger.number_status_history h
        where h.account_id = c.account_id and h.telephone_number = c.telephone_number and tn_ledger.nruf_in_inventory(h.status)
          and h.valid_from < c.valid_from + interval '1 day' and (h.valid_to is null or h.valid_to > c.valid_from))
      and not exists (select from tn_ledger.number_assignment_history a
        where a.account_id = c.account_id and a.telephone_number = c.telephone_number and a.assignment_status = 'UNASSIGNED'
          and a.valid_from < c.valid_from and (a.valid_to is null or a.valid_to > c.valid_from))
  ),
  -- Disconnected numbers without a status history: the account lost them before the ledger began. Those without a date are listed in
  -- the month in which the ledger learned of them.
  listed as (
    select d.account_id, d.telephone_number, d.disconnected_at as ended_at, d.order_id, d.changed_at as recorded_at
    from tn_ledger.disconnected_numbers d
    where coalesce(d.disconnected_at, d.first_seen_at) >= from_time and coalesce(d.disconnected_at, d.first_seen_at) < to_time
      and (account is null or d.account_id = any(wanted))
      and not exists (select from tn_ledger.number_status_history h
        where h.account_id = d.account_id and h.telephone_number = d.telephone_number and h.valid_to is not null
          and (h.to_order_id = d.order_id or d.disconnected_at is null or h.valid_to >= from_time and h.valid_to < to_time))
  ),
  ends as (
    select l.account_id, l.telephone_number, l.ended_at, l.order_id, l.recorded_at, l.next_status,
      case when o.order_id is not null then 'disconnect order' else 'left the account' end as evidence
    from leaves l
    left join tn_ledger.disconnects o on o.account_id = l.account_id and o.order_id = l.order_id
    union all
    select u.account_id, u.telephone_number, u.ended_at, u.order_id, u.recorded_at, null, 'UNASSIGN' from unassigned u
    union all
    select c.account_id, c.telephone_number, c.ended_at, c.order_id, c.recorded_at, null, 'classified as aging' from classified c
    union all
    select d.account_id, d.telephone_number, d.ended_at, d.order_id, d.recorded_at, null, 'disconnect order' from listed d
  ),
  -- What the number was used for right before: since when it was on the account without a break, and how it was marked last.
  used as materialized (
    select e.*, s.stay_from, m.assignment_status as marked, m.marked_at, m.after_assigned
    from ends e
    left join lateral (
      select h.valid_from as stay_from from tn_ledger.number_status_history h
      where h.account_id = e.account_id and h.telephone_number = e.telephone_number and h.status <> 'Aging' and h.valid_from < e.ended_at
        and not exists (select from tn_ledger.number_status_history b
          where b.account_id = h.account_id and b.telephone_number = h.telephone_number and b.status <> 'Aging' and b.valid_to = h.valid_from)
      order by h.valid_from desc limit 1) s on true
    left join lateral (
      select a.assignment_status, a.valid_from as marked_at,
        exists (select from tn_ledger.number_assignment_history b
          where b.account_id = a.account_id and b.telephone_number = a.telephone_number and b.valid_to = a.valid_from
            and b.assignment_status = 'ASSIGNED') as after_assigned
      from tn_ledger.number_assignment_history a
      where a.account_id = e.account_id and a.telephone_number = e.telephone_number and a.valid_from < e.ended_at
        and (a.valid_to is null or s.stay_from is null or a.valid_to > s.stay_from)
      order by a.valid_from desc limit 1) m on true
  ),
  judged as (
    select u.*,
      case
        -- Numbers that other rules cover, or another provider reports. Toll-free numbers: the Toll-Free Numbering Administrator.
        when place.left_out is not null then place.left_out
        when exists (select from tn_ledger.imported_numbers i
          where i.telephone_number = u.telephone_number and i.imported_at < coalesce(u.ended_at, u.recorded_at)
            and coalesce(i.removed_at, 'infinity') >= coalesce(u.stay_from, u.ended_at, u.recorded_at)) then 'imported'
        when exists (select from tn_ledger.attributed_numbers a
          where a.telephone_number = u.telephone_number and a.since < coalesce(u.ended_at, u.recorded_at)
            and coalesce(a.ended_at, 'infinity') >= coalesce(u.stay_from, u.ended_at, u.recorded_at)) then 'imported'
        when u.ended_at is null then 'no date'
        when u.next_status <> 'Aging' then 'unknown status'
        -- Nobody used it.
        when u.marked = 'UNASSIGNED' then case when u.after_assigned then 'disconnected before' else 'no end user' end
        when exists (select from tn_ledger.number_categories c
          where c.account_id = u.account_id and c.telephone_number = u.telephone_number and c.category = 'aging'
            and c.valid_from < u.ended_at and (c.valid_to is null or c.valid_to >= u.ended_at)
            and c.valid_from >= date_trunc('day', coalesce(u.marked_at, u.stay_from, c.valid_from), 'UTC')) then 'disconnected before'
        when u.marked is null and exists (select from tn_ledger.number_categories c
          where c.account_id = u.account_id and c.telephone_number = u.telephone_number and c.category in ('administrative', 'reserved')
            and c.valid_from < u.ended_at and (c.valid_to is null or c.valid_to >= u.ended_at)) then 'no end user'
        when u.marked is null and u.stay_from is not null and not exists (select from tn_ledger.number_status_history h
          where h.account_id = u.account_id and h.telephone_number = u.telephone_number and h.status <> 'InAccount'
            and h.valid_from >= u.stay_from and h.valid_from < u.ended_at) then 'no end user'
        -- The end user kept it.
        when port.is_complete then 'ported out'
        when port.is_complete = false then 'port-out pending'
        when again.account_id = u.account_id then 'came back'
        when again.account_id is not null then 'in another account'
        when exists (select from tn_ledger.number_assignment_history a
          where a.telephone_number = u.telephone_number and a.assignment_status = 'ASSIGNED'
            and a.valid_from >= u.ended_at and a.valid_from < u.ended_at + aging) then 'assigned again'
      end as excluded
    from used u
    left join tn_ledger.telephone_numbers t on t.account_id = u.account_id and t.telephone_number = u.telephone_number
    left join tn_ledger.area_codes a on a.npa = left(u.telephone_number, 3)
    cross join lateral (
      select tn_ledger.nruf_left_out(tn_ledger.nruf_block(u.telephone_number), a.united_states, t.state,
        coalesce(t.owner_account_id <> u.account_id, false)) as left_out) place
    -- A port-out that is still open explains a number only if it is recent.
    left join lateral (
      select bool_or(upper(coalesce(o.status, '')) = 'COMPLETE') as is_complete
      from tn_ledger.portouts_numbers n
      join tn_ledger.portouts o on o.account_id = n.account_id and o.order_id = n.order_id
      where n.telephone_number = u.telephone_number and (
        o.order_id = u.order_id and o.account_id = u.account_id
        or upper(coalesce(o.status, '')) not in ('CANCELLED', 'REJECTED', 'FAILED')
          and coalesce(o.actual_foc_date, o.order_date, o.last_modified_date) >= u.ended_at
            - case when upper(coalesce(o.status, '')) = 'COMPLETE' then interval '2 days' else aging end
          and coalesce(o.actual_foc_date, o.order_date, o.last_modified_date) < u.ended_at + aging)) port on true
    -- For a number that left: in service again, or in service in another account anyway. For one that stays: moved to another account.
    left join lateral (
      select h.account_id from tn_ledger.number_status_history h
      where h.telephone_number = u.telephone_number and tn_ledger.nruf_in_inventory(h.status)
        and h.valid_from < u.ended_at + aging and (h.valid_to is null or h.valid_to > u.ended_at)
        and case when u.evidence in ('UNASSIGN', 'classified as aging') then h.account_id <> u.account_id and h.valid_from >= u.ended_at
          else true end
      order by h.account_id <> u.account_id limit 1) again on true
  )
  -- A number is reported once, with its latest disconnect in the period; otherwise the reason is that of the end of its use, not that
  -- the use had ended before.
  select distinct on (j.telephone_number) j.telephone_number, j.account_id, tn_ledger.nruf_day(j.ended_at), j.evidence, j.order_id,
    case when j.evidence = 'UNASSIGN' then 'ASSIGNED' else j.marked end, j.excluded, j.recorded_at
  from judged j
  order by j.telephone_number, j.excluded is not null, j.excluded is not distinct from 'disconnected before', j.ended_at desc nulls last,
    j.account_id, j.evidence collate "C";
end
$$;
comment on function tn_ledger.rnd_disconnects(date, date, text) is
  'Numbers whose use by an end user ended from first_day to last_day (UTC, both included), for the Reassigned Numbers Database (47 CFR 64.1200(l)): one row per number, with its latest disconnect. account: one account id, or several separated by commas; null: all. evidence: disconnect order, left the account (no order explains it), UNASSIGN, or classified as aging. marked: how it was marked right before; null: never in that time on the account. excluded: why it is not a permanent disconnect to report; null: it is one. recorded_at: when the ledger learned of it';
