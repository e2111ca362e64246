-- What a number counted as on which days, from everything that decides it: the one place with these rules. nruf_refresh() keeps the
-- result in nruf_intervals, so that counting need not read the histories. Counting derives only what the table does not have.
--
-- Days are those at the end of which (UTC) something was so.
--
-- Whole accounts are read in one go, a few numbers by their indexes: (select numbers) keeps the planner from estimating each of them,
-- which takes longer than reading them. Nested loops are off because the planner takes joins of derived rows for much smaller than they
-- are, and a nested loop over two results without an index takes minutes.

create or replace function tn_ledger.nruf_derive(accounts text[], numbers text[], known_at timestamptz, first_day date, last_day date)
  returns table (account_id text, telephone_number text, from_day date, to_day date, stay_from date, declared_on date,
    declared "char", category "char", belongs_to_other "char", npa_nxx_x text, rate_center text, state text, hosted boolean)
  language plpgsql stable set enable_nestloop = off set enable_mergejoin = off set work_mem = '64MB' set jit = off set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
begin
  if cardinality(accounts) = 0 or cardinality(numbers) = 0 then return; end if;
  return query
  with status_known as (
    select h.account_id, h.telephone_number, h.status, h.valid_from, h.valid_to
    from tn_ledger.number_status_history h
    where h.account_id = any(accounts) and (numbers is null or h.telephone_number = any((select numbers)::text[]))
      and (known_at is null or h.recorded_from <= known_at)
    union all
    select h.account_id, h.telephone_number, h.status, h.valid_from, h.valid_to
    from tn_ledger.number_status_history_superseded h
    where h.account_id = any(accounts) and (numbers is null or h.telephone_number = any((select numbers)::text[]))
      and h.recorded_from <= known_at and h.recorded_to > known_at
  ),
  -- A number that is InAccount and then Inservice has one stay.
  statuses as (
    select s.account_id, s.telephone_number, s.status, tn_ledger.nruf_day(s.valid_from) as from_day,
      coalesce(tn_ledger.nruf_day(s.valid_to), 'infinity') as to_day,
      tn_ledger.nruf_day(case
        when s.status = 'Inservice' and lag(s.status) over number = 'InAccount' and lag(s.valid_to) over number = s.valid_from
        then lag(s.valid_from) over number else s.valid_from end) as stay_from
    from status_known s
    window number as (partition by s.account_id, s.telephone_number order by s.valid_from)
  ),
  stays as (
    select s.account_id, s.telephone_number, s.from_day, s.to_day, s.stay_from
    from statuses s where tn_ledger.nruf_in_inventory(s.status) and s.from_day < s.to_day
  ),

  assignment_known as (
    select h.account_id, h.telephone_number, h.assignment_status, h.valid_from, h.valid_to
    from tn_ledger.number_assignment_history h
    where h.account_id = any(accounts) and (numbers is null or h.telephone_number = any((select numbers)::text[]))
      and (known_at is null or h.recorded_from <= known_at)
    union all
    select h.account_id, h.telephone_number, h.assignment_status, h.valid_from, h.valid_to
    from tn_ledger.number_assignment_history_superseded h
    where h.account_id = any(accounts) and (numbers is null or h.telephone_number = any((select numbers)::text[]))
      and h.recorded_from <= known_at and h.recorded_to > known_at
  ),
  assignments as (
    select a.account_id, a.telephone_number, a.assignment_status, tn_ledger.nruf_day(a.valid_from) as from_day,
      coalesce(tn_ledger.nruf_day(a.valid_to), 'infinity') as to_day,
      coalesce(lead(tn_ledger.nruf_day(a.valid_from)) over number, 'infinity') as next_from,
      lag(a.assignment_status) over number = 'ASSIGNED' and lag(a.valid_to) over number = a.valid_from as after_assigned,
      row_number() over number = 1 as is_first
    from assignment_known a
    window number as (partition by a.account_id, a.telephone_number order by a.valid_from)
  ),
  -- The days of each assignment status, those before the first, and those after each: a status ends when the number leaves, and from
  -- then on the number counts as unassigned.
  declarations as (
    select a.account_id, a.telephone_number, a.from_day, a.to_day,
      case when a.assignment_status = 'ASSIGNED' then 'A' when a.after_assigned then 'U' else 'F' end as declared, a.from_day as declared_on
    from assignments a where a.from_day < a.to_day
    union all
    select a.account_id, a.telephone_number, '-infinity', a.from_day, 'N', null from assignments a where a.is_first
    union all
    select a.account_id, a.telephone_number, a.to_day, a.next_from, 'F', null from assignments a where a.to_day < a.next_from
  ),
  declared as (
    select s.account_id, s.telephone_number, greatest(s.from_day, d.from_day) as from_day, least(s.to_day, d.to_day) as to_day,
      s.stay_from, coalesce(d.declared, 'N') as declared, d.declared_on
    from stays s
    left join declarations d on d.account_id = s.account_id and d.telephone_number = s.telephone_number
      and d.from_day < s.to_day and d.to_day > s.from_day
  ),

  categories as (
    select c.account_id, c.telephone_number, tn_ledger.nruf_day(c.valid_from) as from_day,
      coalesce(tn_ledger.nruf_day(c.valid_to), 'infinity') as to_day, c.category
    from tn_ledger.number_categories c
    where c.account_id = any(accounts) and (numbers is null or c.telephone_number = any((select numbers)::text[]))
      and (known_at is null or c.recorded_from <= known_at)
    union all
    select c.account_id, c.telephone_number, tn_ledger.nruf_day(c.valid_from), coalesce(tn_ledger.nruf_day(c.valid_to), 'infinity'), c.category
    from tn_ledger.number_categories_superseded c
    where c.account_id = any(accounts) and (numbers is null or c.telephone_number = any((select numbers)::text[]))
      and c.recorded_from <= known_at and c.recorded_to > known_at
  ),

  -- Imports and port-ins of any account count: a number keeps its carrier when it moves to another account.
  imports as (
    select m.telephone_number, m.from_day, m.to_day from tn_ledger.nruf_imports(known_at, numbers) m
  ),
  imported as (
    select m.telephone_number, range_agg(daterange(m.from_day, m.to_day)) as days from imports m group by 1
  ),
  ported as (
    select p.telephone_number, min(p.done_on) as done_on, min(p.ordered_on) as ordered_on
    from tn_ledger.nruf_ports(known_at, numbers) p where p.from_other_carrier group by 1
  ),

  -- The few numbers with a category, an import or a port-in have more intervals.
  cuts as (
    select c.account_id, c.telephone_number, c.from_day as day from categories c
    union all
    select c.account_id, c.telephone_number, c.to_day from categories c
    union all
    select d.account_id, d.telephone_number, unnest(array[m.from_day, m.to_day])
    from declared d join imports m on m.telephone_number = d.telephone_number
    union all
    select d.account_id, d.telephone_number, o.done_on from declared d join ported o on o.telephone_number = d.telephone_number
  ),
  intervals as (
    select * from declared d
    where not exists (select from cuts c where c.account_id = d.account_id and c.telephone_number = d.telephone_number)
    union all
    select x.account_id, x.telephone_number, x.day,
      lead(x.day, 1, x.to_day) over (partition by x.account_id, x.telephone_number, x.from_day order by x.day),
      x.stay_from, x.declared, x.declared_on
    from (
      select d.*, greatest(c.day, d.from_day) as day
      from declared d
      join cuts c on c.account_id = d.account_id and c.telephone_number = d.telephone_number and c.day < d.to_day
      union
      select d.*, d.from_day
      from declared d
      where exists (select from cuts c where c.account_id = d.account_id and c.telephone_number = d.telephone_number)
    ) as x
  ),

  details_replaced as (
    select distinct on (v.account_id, v.telephone_number) v.account_id, v.telephone_number, v.rate_center, v.state, v.owner_account_id
    from tn_ledger.telephone_number_versions v
    where v.account_id = any(accounts) and (numbers is null or v.telephone_number = any((select numbers)::text[])) and v.replaced_at > known_at
    order by v.account_id, v.telephone_number, v.replaced_at
  ),
  details as (
    select t.account_id, t.telephone_number,
      case when v.telephone_number is null then t.rate_center else v.rate_center end as rate_center,
      case when v.telephone_number is null then t.state else v.state end as state,
      case when v.telephone_number is null then t.owner_account_id else v.owner_account_id end as owner_account_id
    from tn_ledger.telephone_numbers t
    left join details_replaced v on v.account_id = t.account_id and v.telephone_number = t.telephone_number
    where t.account_id = any(accounts) and (numbers is null or t.telephone_number = any((select numbers)::text[]))
  )

  select i.account_id, i.telephone_number, i.from_day, i.to_day, i.stay_from, i.declared_on, i.declared::"char",
    case c.category when 'intermediate' then 'i' when 'reserved' then 'r' when 'aging' then 'g' when 'administrative' then 'm' end::"char",
    case when m.days @> i.from_day then 'i' when o.done_on <= i.from_day or o.ordered_on <= i.stay_from then 'p' end::"char",
    coalesce(tn_ledger.nruf_block(i.telephone_number), ''), coalesce(t.rate_center, ''), coalesce(t.state, ''),
    coalesce(t.owner_account_id <> i.account_id, false)
  from intervals i
  left join categories c on c.account_id = i.account_id and c.telephone_number = i.telephone_number
    and c.from_day <= i.from_day and c.to_day > i.from_day
  left join imported m on m.telephone_number = i.telephone_number
  left join ported o on o.telephone_number = i.telephone_number
  left join details t on t.account_id = i.account_id and t.telephone_number = i.telephone_number
  where (last_day is null or i.from_day <= last_day) and (first_day is null or i.to_day > first_day);
end
$$;
comment on function tn_ledger.nruf_derive(text[], text[], timestamptz, date, date) is
  'The intervals of these numbers (null: all) in these accounts that include a day from first_day to last_day (null: all days), from the histories, as known at known_at (null: now)';
