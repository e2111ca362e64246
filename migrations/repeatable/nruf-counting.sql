-- Counting reads nruf_intervals, and derives the numbers that the table does not have as they are: those with change notes, those of
-- accounts that were never refreshed and, with known_at, those about which something was recorded since.
--
-- The statements are planned with the caller's values (force_custom_plan), so that a part that a call does not need costs nothing.

create or replace function tn_ledger.nruf_recorded_since(accounts text[], known_at timestamptz)
  returns table (account_id text, telephone_number text) language sql stable as $$
    select account_id, telephone_number from tn_ledger.number_status_history where account_id = any(accounts) and recorded_from > known_at
    union all
    select account_id, telephone_number from tn_ledger.number_status_history_superseded where account_id = any(accounts) and recorded_to > known_at
    union all
    select account_id, telephone_number from tn_ledger.number_assignment_history where account_id = any(accounts) and recorded_from > known_at
    union all
    select account_id, telephone_number from tn_ledger.number_assignment_history_superseded where account_id = any(accounts) and recorded_to > known_at
    union all
    select account_id, telephone_number from tn_ledger.number_categories where account_id = any(accounts) and recorded_from > known_at
    union all
    select account_id, telephone_number from tn_ledger.number_categories_superseded where account_id = any(accounts) and recorded_to > known_at
    union all
    select account_id, telephone_number from tn_ledger.telephone_number_versions where account_id = any(accounts) and replaced_at > known_at
    union all
    select h.account_id, h.telephone_number
    from (
      select n.telephone_number from tn_ledger.orders_numbers n
      join tn_ledger.orders o on o.account_id = n.account_id and o.order_id = n.order_id
      where greatest(o.first_seen_at, n.first_seen_at) > known_at
      union
      select n.telephone_number from tn_ledger.portins_numbers n
      join tn_ledger.portins p on p.account_id = n.account_id and p.order_id = n.order_id
      where greatest(p.first_seen_at, n.first_seen_at) > known_at
      union
      select n.telephone_number from tn_ledger.import_tn_orders_numbers n
      join tn_ledger.import_tn_orders o on o.account_id = n.account_id and o.order_id = n.order_id
      where o.first_seen_at > known_at
      union
      select n.telephone_number from tn_ledger.external_tns_numbers n
      join tn_ledger.external_tns o on o.account_id = n.account_id and o.order_id = n.order_id
      where o.first_seen_at > known_at
      union
      select l.telephone_number from tn_ledger.number_location_history l
      where l.tn_attributes && '{External,Imported}' and greatest(l.valid_from, l.valid_to) > known_at
    ) as n
    join tn_ledger.number_status_history h on h.telephone_number = n.telephone_number
    where h.account_id = any(accounts)
  $$;
comment on function tn_ledger.nruf_recorded_since(text[], timestamptz) is
  'Numbers in these accounts that may have counted differently by what was known at known_at; none if it is null. A number may occur more than once';

-- Up to `few` changed numbers of an account, or a fifth of its numbers, are looked up one by one; with more, its histories are read.
-- Looking up a number takes no longer than reading its history, but not in the order of the disk.
create or replace function tn_ledger.nruf_sources(account text, known_at timestamptz,
    out several boolean, out ready text[], out unready text[], out changed text[])
  language plpgsql stable set enable_nestloop = off set jit = off set plan_cache_mode = force_custom_plan
as $$
  declare
    few constant integer := 20000;
    wanted constant text[] := case when account is null then array(select tn_ledger.nruf_accounts())
      else array(select distinct btrim(a) from unnest(string_to_array(account, ',')) a where btrim(a) <> '') end;
  begin
    several := cardinality(wanted) > 1;
    with changes as materialized (
      select n.account_id, n.telephone_number from tn_ledger.nruf_change_notes n where n.account_id = any(wanted)
      union
      select n.account_id, n.telephone_number from tn_ledger.nruf_recorded_since(wanted, known_at) n
    ),
    accounts as materialized (
      select w as account_id, m.account_id is not null and case when coalesce(c.numbers, 0) <= few then true
        else c.numbers * 5 = (select count(*) from (select from tn_ledger.telephone_numbers t where t.account_id = w limit c.numbers * 5) t)
        end as is_ready
      from unnest(wanted) w
      left join tn_ledger.nruf_intervals_mark m on m.account_id = w
      left join (select account_id, count(*) as numbers from changes group by 1) c on c.account_id = w
    )
    select array(select a.account_id from accounts a where a.is_ready),
      array(select a.account_id from accounts a where not a.is_ready),
      array(select distinct c.telephone_number from changes c join accounts a on a.account_id = c.account_id where a.is_ready)
    into ready, unready, changed;
  end
$$;
comment on function tn_ledger.nruf_sources(text, timestamptz) is
  'How to count accounts: ready: nruf_intervals has their numbers, except the changed ones; unready: only their histories do. several: more than one account is counted';

create or replace function tn_ledger.nruf_use(category "char", declared "char", declared_on date, as_of date, aging_days integer)
  returns "char" language sql immutable parallel safe as $$
    select case
      when category is not null then category
      when declared = 'A' then 'a'
      when declared = 'N' then 'u'
      when declared = 'U' and aging_days > 0 and declared_on >= as_of - aging_days then 'g'
      else 'v'
    end::"char"
  $$;
comment on function tn_ledger.nruf_use("char", "char", date, date, integer) is
  'What a number in the inventory is used for on a day, from columns of nruf_derive: a assigned, i intermediate, r reserved, g aging, m administrative, v available, u available and never marked';

create or replace function tn_ledger.nruf_category(use "char") returns text language sql immutable parallel safe as $$
    select case use when 'a' then 'assigned' when 'i' then 'intermediate' when 'r' then 'reserved'
      when 'g' then 'aging' when 'm' then 'administrative' else 'available' end
  $$;
comment on function tn_ledger.nruf_category("char") is 'Category of the form for the result of nruf_use';

create or replace function tn_ledger.nruf_other_carrier(belongs_to_other "char") returns text language sql immutable parallel safe as $$
    select case belongs_to_other when 'i' then 'imported' when 'p' then 'ported in' end
  $$;
comment on function tn_ledger.nruf_other_carrier("char") is 'Why a number is left out that belongs to another carrier; null if it does not';

create or replace function tn_ledger.nruf_numbers(as_of date, aging_days integer, known_at timestamptz,
    several boolean, ready text[], unready text[], changed text[])
  returns table (account_id text, telephone_number text, place_id integer, npa_nxx_x text, rate_center text, state text,
    declared_on date, left_out text, belongs_to_other "char", use "char")
  language sql stable as $$
  with derived as materialized (
    select * from tn_ledger.nruf_derive(ready, changed, known_at, as_of, as_of)
    union all
    select * from tn_ledger.nruf_derive(unready, null, known_at, as_of, as_of)
  ),
  held as not materialized (
    select i.account_id, i.telephone_number, i.place_id, null as npa_nxx_x, null as rate_center, null as state,
      i.stay_from, i.declared_on, i.declared, i.category, i.belongs_to_other, p.left_out
    from tn_ledger.nruf_intervals i
    join tn_ledger.nruf_places p on p.place_id = i.place_id
    where i.from_day <= as_of and i.to_day > as_of and i.account_id = any(ready) and i.telephone_number <> all(changed)
    union all
    select d.account_id, d.telephone_number, null, d.npa_nxx_x, d.rate_center, d.state,
      d.stay_from, d.declared_on, d.declared, d.category, d.belongs_to_other,
      tn_ledger.nruf_left_out(d.npa_nxx_x, a.united_states, d.state, d.hosted)
    from derived d
    left join tn_ledger.area_codes a on a.npa = left(d.npa_nxx_x, 3)
  ),
  shared as (
    select s.telephone_number from tn_ledger.nruf_shared_numbers s
    union
    select d.telephone_number from derived d
  ),
  -- A number in service in two accounts counts in the account where service began last.
  once as (
    select * from held h where not (several and h.telephone_number in (select s.telephone_number from shared s))
    union all
    select * from (
      select distinct on (h.telephone_number) * from held h
      where several and h.telephone_number in (select s.telephone_number from shared s)
      order by h.telephone_number, h.stay_from desc, h.account_id) as latest
  )
  select h.account_id, h.telephone_number, h.place_id, h.npa_nxx_x, h.rate_center, h.state, h.declared_on, h.left_out, h.belongs_to_other,
    tn_ledger.nruf_use(h.category, h.declared, h.declared_on, as_of, aging_days)
  from once h
$$;
comment on function tn_ledger.nruf_numbers(date, integer, timestamptz, boolean, text[], text[], text[]) is
  'The numbers in the inventory at the end of a day; those with left_out or belongs_to_other are not counted. use: a assigned, i intermediate, r reserved, g aging, m administrative, v available, u available and never marked. place_id is null if the other columns have the place; the last parameters are those that nruf_sources returns';

create or replace function tn_ledger.nruf_check_aging_days(aging_days integer) returns void language plpgsql immutable as $$
  begin
    if aging_days is null or aging_days < 0 then
      raise exception 'aging_days must be 0 or more, not %', coalesce(aging_days::text, 'null') using errcode = '22023';
    end if;
  end
$$;
comment on function tn_ledger.nruf_check_aging_days(integer) is 'Raises an error if it is negative or null';

create or replace function tn_ledger.nruf_counts(as_of date, account text default null, aging_days integer default 45, known_at timestamptz default null)
  returns table (npa_nxx_x text, rate_center text, state text, numbers_received bigint,
    assigned bigint, intermediate bigint, reserved bigint, aging bigint, administrative bigint, available bigint, undeclared bigint)
  language plpgsql stable set enable_nestloop = off set jit = off set plan_cache_mode = force_custom_plan
as $$
  #variable_conflict use_column
  declare
    source record;
  begin
    perform tn_ledger.nruf_check_aging_days(aging_days);
    select * into source from tn_ledger.nruf_sources(account, known_at);
    return query
      select coalesce(p.npa_nxx_x, c.npa_nxx_x), coalesce(p.rate_center, c.rate_center), coalesce(p.state, c.state),
        sum(c.numbers_received)::bigint, sum(c.assigned)::bigint, sum(c.intermediate)::bigint, sum(c.reserved)::bigint,
        sum(c.aging)::bigint, sum(c.administrative)::bigint, sum(c.available)::bigint, sum(c.undeclared)::bigint
      from (
        -- Grouping by an integer is cheap, so names are joined to the few groups.
        select n.place_id, n.npa_nxx_x, n.rate_center, n.state, count(*) as numbers_received,
          count(*) filter (where n.use = 'a') as assigned,
          count(*) filter (where n.use = 'i') as intermediate,
          count(*) filter (where n.use = 'r') as reserved,
          count(*) filter (where n.use = 'g') as aging,
          count(*) filter (where n.use = 'm') as administrative,
          count(*) filter (where n.use in ('v', 'u')) as available,
          count(*) filter (where n.use = 'u') as undeclared
        from tn_ledger.nruf_numbers(as_of, aging_days, known_at, source.several, source.ready, source.unready, source.changed) n
        where n.left_out is null and n.belongs_to_other is null group by 1, 2, 3, 4
      ) as c
      left join tn_ledger.nruf_places p on p.place_id = c.place_id
      group by 1, 2, 3;
  end
$$;
comment on function tn_ledger.nruf_counts(date, text, integer, timestamptz) is
  'The counts that nruf_utilization sums: one row per block, rate center and state (empty: unknown)';

-- One row per place, then the sums per block (or code), with the rate center and state of most of its numbers.
create or replace function tn_ledger.nruf_utilization_by_digits(digits integer, as_of date, account text, aging_days integer, known_at timestamptz)
  returns table (code text, rate_center text, state text, numbers_received bigint,
    assigned bigint, intermediate bigint, reserved bigint, aging bigint, administrative bigint, available bigint, undeclared bigint,
    utilization_percent numeric)
  language sql stable as $$
    with counts as (
      select left(c.npa_nxx_x, digits) as code, nullif(c.rate_center, '') as rate_center, nullif(c.state, '') as state,
        sum(numbers_received)::bigint as numbers_received, sum(assigned)::bigint as assigned, sum(intermediate)::bigint as intermediate,
        sum(reserved)::bigint as reserved, sum(aging)::bigint as aging, sum(administrative)::bigint as administrative,
        sum(available)::bigint as available, sum(undeclared)::bigint as undeclared
      from tn_ledger.nruf_counts(as_of, account, aging_days, known_at) c group by 1, 2, 3
    ),
    named as (
      select distinct on (code) code, rate_center, state from counts
      order by code, rate_center is null, state is null, numbers_received desc, rate_center, state
    ),
    summed as (
      select code,
        sum(numbers_received)::bigint as numbers_received, sum(assigned)::bigint as assigned, sum(intermediate)::bigint as intermediate,
        sum(reserved)::bigint as reserved, sum(aging)::bigint as aging, sum(administrative)::bigint as administrative,
        sum(available)::bigint as available, sum(undeclared)::bigint as undeclared
      from counts group by 1
    )
    select s.code, n.rate_center, n.state, s.numbers_received, s.assigned, s.intermediate, s.reserved, s.aging, s.administrative,
      s.available, s.undeclared, round(s.assigned * 100.0 / s.numbers_received, 2)
    from summed s join named n on n.code = s.code order by s.code
  $$;
comment on function tn_ledger.nruf_utilization_by_digits(integer, date, text, integer, timestamptz) is
  'Implements nruf_utilization (7 digits) and nruf_utilization_by_code (6 digits)';

create or replace function tn_ledger.nruf_utilization(as_of date, account text default null, aging_days integer default 45, known_at timestamptz default null)
  returns table (npa_nxx_x text, rate_center text, state text, numbers_received bigint,
    assigned bigint, intermediate bigint, reserved bigint, aging bigint, administrative bigint, available bigint, undeclared bigint,
    utilization_percent numeric)
  language sql stable as $$
    select * from tn_ledger.nruf_utilization_by_digits(7, as_of, account, aging_days, known_at)
  $$;
comment on function tn_ledger.nruf_utilization(date, text, integer, timestamptz) is
  'Numbers in the inventory at the end of a day (UTC), by thousands-block and category, as required for FCC Form 502. account: one account id, or several separated by commas; null: all. aging_days: the number of days for which a number counts as aging after it was marked UNASSIGNED (47 CFR 52.15(f)(1)(ii): at least 45). known_at: as known to the ledger at that time; null: now';

create or replace function tn_ledger.nruf_utilization_by_code(as_of date, account text default null, aging_days integer default 45, known_at timestamptz default null)
  returns table (npa_nxx text, rate_center text, state text, numbers_received bigint,
    assigned bigint, intermediate bigint, reserved bigint, aging bigint, administrative bigint, available bigint, undeclared bigint,
    utilization_percent numeric)
  language sql stable as $$
    select * from tn_ledger.nruf_utilization_by_digits(6, as_of, account, aging_days, known_at)
  $$;
comment on function tn_ledger.nruf_utilization_by_code(date, text, integer, timestamptz) is
  'Like nruf_utilization, by NPA-NXX';

create or replace function tn_ledger.nruf_number_categories(as_of date, account text default null, aging_days integer default 45, known_at timestamptz default null)
  returns table (account_id text, telephone_number text, npa_nxx_x text, rate_center text, state text, category text, undeclared boolean, declared_on date, left_out text)
  language plpgsql stable set enable_nestloop = off set jit = off set plan_cache_mode = force_custom_plan
as $$
  #variable_conflict use_column
  declare
    source record;
  begin
    perform tn_ledger.nruf_check_aging_days(aging_days);
    select * into source from tn_ledger.nruf_sources(account, known_at);
    return query
      select n.account_id, n.telephone_number, nullif(coalesce(p.npa_nxx_x, n.npa_nxx_x), ''),
        nullif(coalesce(p.rate_center, n.rate_center), ''), nullif(coalesce(p.state, n.state), ''),
        case when x.left_out is null then tn_ledger.nruf_category(n.use) end,
        x.left_out is null and n.use = 'u', n.declared_on, x.left_out
      from tn_ledger.nruf_numbers(as_of, aging_days, known_at, source.several, source.ready, source.unready, source.changed) n
      left join tn_ledger.nruf_places p on p.place_id = n.place_id
      cross join lateral (
        select coalesce(n.left_out, tn_ledger.nruf_other_carrier(n.belongs_to_other)) as left_out) as x;
  end
$$;
comment on function tn_ledger.nruf_number_categories(date, text, integer, timestamptz) is
  'The numbers behind nruf_utilization: one row per number in the inventory at the end of a day, with its category, or with null and the reason why it is left out (not NANP, toll-free, 900, 5XX, not United States, hosted, imported, ported in). undeclared: available, and never marked ASSIGNED or UNASSIGNED. declared_on: the day on which the number was marked with its assignment status';

-- For few numbers: nruf_numbers reads the whole inventory.
create or replace function tn_ledger.nruf_categories_of(numbers text[], days date[], accounts text[], aging_days integer default 45, known_at timestamptz default null)
  returns table (day date, account_id text, telephone_number text, npa_nxx_x text, category text, left_out text, counted_in text)
  language sql stable as $$
    select w.day, d.account_id, d.telephone_number, nullif(d.npa_nxx_x, ''),
      case when x.left_out is null then
        tn_ledger.nruf_category(tn_ledger.nruf_use(d.category, d.declared, d.declared_on, w.day, aging_days)) end,
      x.left_out,
      -- A number in service in two accounts counts in the account where service began last.
      first_value(d.account_id) over (partition by w.day, d.telephone_number order by d.stay_from desc, d.account_id)
    from tn_ledger.nruf_derive(accounts, numbers, known_at,
      (select min(day) from unnest(days) day), (select max(day) from unnest(days) day)) d
    join unnest(days) as w (day) on d.from_day <= w.day and d.to_day > w.day
    left join tn_ledger.area_codes a on a.npa = left(d.npa_nxx_x, 3)
    cross join lateral (
      select coalesce(tn_ledger.nruf_left_out(d.npa_nxx_x, a.united_states, d.state, d.hosted),
        tn_ledger.nruf_other_carrier(d.belongs_to_other)) as left_out) as x
  $$;
comment on function tn_ledger.nruf_categories_of(text[], date[], text[], integer, timestamptz) is
  'nruf_number_categories for these numbers in these accounts on each of the days, without reading other numbers. One row per account that has a number in its inventory; the number counts in the account counted_in, where service began last';

-- Number by number, because differences in sums may cancel out. Grouped here, because returning a row per number takes longer.
create or replace function tn_ledger.nruf_held_and_counted(as_of date, account text default null)
  returns table (held boolean, category text, left_out text, marked_assigned boolean, numbers bigint)
  language plpgsql stable set enable_nestloop = off set jit = off set plan_cache_mode = force_custom_plan
as $$
  #variable_conflict use_column
  declare
    source record;
    wanted constant text[] := array(select btrim(a) from unnest(string_to_array(account, ',')) a);
  begin
    select * into source from tn_ledger.nruf_sources(account, null);
    return query
      with counted as (
        select n.account_id, n.telephone_number, n.use,
          coalesce(n.left_out, tn_ledger.nruf_other_carrier(n.belongs_to_other)) as left_out
        from tn_ledger.nruf_numbers(as_of, 45, null, source.several, source.ready, source.unready, source.changed) n
      ),
      held as (
        select t.account_id, t.telephone_number, t.status, t.assignment_status from tn_ledger.telephone_numbers t
        where t.removed_at is null and (account is null or t.account_id = any(wanted))
      )
      select t.telephone_number is not null,
        case when c.telephone_number is not null and c.left_out is null then tn_ledger.nruf_category(c.use) end,
        case
          when c.telephone_number is not null then c.left_out
          when not tn_ledger.nruf_in_inventory(t.status) then 'status ' || t.status
          when source.several and exists (
            select from tn_ledger.telephone_numbers o
            where o.telephone_number = t.telephone_number and o.account_id <> t.account_id and o.removed_at is null
              and tn_ledger.nruf_in_inventory(o.status) and (account is null or o.account_id = any(wanted))
          ) then 'other account'
          else 'no history'
        end,
        coalesce(t.assignment_status = 'ASSIGNED', false), count(*)
      from held t
      full join counted c on c.account_id = t.account_id and c.telephone_number = t.telephone_number
      group by 1, 2, 3, 4;
  end
$$;
comment on function tn_ledger.nruf_held_and_counted(date, text) is
  'Compares the numbers that are held now (telephone_numbers without removed_at) with those that nruf_utilization counts at the end of a day. category: null if not counted. left_out: why, as in nruf_number_categories; also: status … (not in service), other account (which counts the number), no history (no time in service on that day). held is false for numbers that are no longer held';

create or replace function tn_ledger.nruf_holdings_by_day(days date[], account text default null)
  returns table (day date, held bigint, numbers_received bigint, assigned bigint, added bigint)
  language plpgsql stable set enable_nestloop = off set jit = off set plan_cache_mode = force_custom_plan
as $$
  #variable_conflict use_column
  declare
    source record;
  begin
    select * into source from tn_ledger.nruf_sources(account, null);
    return query
      with derived as materialized (
        select * from tn_ledger.nruf_derive(source.ready, source.changed, null, days[1], days[cardinality(days)])
        union all
        select * from tn_ledger.nruf_derive(source.unready, null, null, days[1], days[cardinality(days)])
      ),
      intervals as not materialized (
        select i.account_id, i.telephone_number, i.from_day, i.to_day, i.stay_from,
          i.declared = 'A' and i.category is null as assigned, p.left_out is null and i.belongs_to_other is null as counts
        from tn_ledger.nruf_intervals i
        join tn_ledger.nruf_places p on p.place_id = i.place_id
        where i.from_day <= days[cardinality(days)] and i.to_day > days[1]
          and i.account_id = any(source.ready) and i.telephone_number <> all(source.changed)
        union all
        select d.account_id, d.telephone_number, d.from_day, d.to_day, d.stay_from,
          d.declared = 'A' and d.category is null,
          tn_ledger.nruf_left_out(d.npa_nxx_x, a.united_states, d.state, d.hosted) is null and d.belongs_to_other is null
        from derived d
        left join tn_ledger.area_codes a on a.npa = left(d.npa_nxx_x, 3)
      ),
      shared as (
        select s.telephone_number from tn_ledger.nruf_shared_numbers s
        union
        select d.telephone_number from derived d
      ),
      -- Few, if any: found before they are joined with the days.
      shared_intervals as materialized (
        select i.* from intervals i
        where source.several and i.telephone_number in (select s.telephone_number from shared s)
      ),
      -- By the first day on which an interval counts and the first on which it no longer does, as indexes into the days.
      counted as (
        select width_bucket(i.from_day - 1, days) as first_day, width_bucket(i.to_day - 1, days) as end_day, count(*) as held,
          count(*) filter (where i.counts) as numbers_received, count(*) filter (where i.counts and i.assigned) as assigned,
          count(*) filter (where i.from_day = i.stay_from) as added
        from intervals i
        where not (source.several and i.telephone_number in (select s.telephone_number from shared s))
        group by 1, 2
        union all
        -- A number in service in two accounts counts in the account where service began last.
        select l.index - 1, l.index, count(*), count(*) filter (where l.counts), count(*) filter (where l.counts and l.assigned), 0
        from (
          select distinct on (d.index, i.telephone_number) d.index, i.assigned, i.counts
          from shared_intervals i
          join unnest(days) with ordinality as d (day, index) on i.from_day <= d.day and i.to_day > d.day
          order by d.index, i.telephone_number, i.stay_from desc, i.account_id
        ) as l
        group by l.index
        union all
        select width_bucket(i.from_day - 1, days), 0, 0, 0, 0, count(*)
        from shared_intervals i where i.from_day = i.stay_from
        group by 1
      )
      select d.day, coalesce(sum(c.held) filter (where c.end_day >= d.index), 0)::bigint,
        coalesce(sum(c.numbers_received) filter (where c.end_day >= d.index), 0)::bigint,
        coalesce(sum(c.assigned) filter (where c.end_day >= d.index), 0)::bigint,
        case when d.index > 1 then coalesce(sum(c.added) filter (where c.first_day = d.index - 1), 0)::bigint end
      from unnest(days) with ordinality as d (day, index)
      left join counted c on c.first_day < d.index
      group by d.day, d.index;
  end
$$;
comment on function tn_ledger.nruf_holdings_by_day(date[], text) is
  'On each of the days, which must ascend, in one pass over nruf_intervals: held: all numbers in service, with those that are left out of the inventory; numbers_received and assigned: the sums of nruf_utilization; added: times in service that began after the day before it in the list (null for the first day). account: as in nruf_utilization';

create or replace function tn_ledger.nruf_totals_by_day(days date[], account text default null)
  returns table (day date, numbers_received bigint, assigned bigint)
  language sql stable as $$
    select h.day, h.numbers_received, h.assigned from tn_ledger.nruf_holdings_by_day(days, account) h
  $$;
comment on function tn_ledger.nruf_totals_by_day(date[], text) is
  'The sums of nruf_utilization on each of the days, which must ascend, in one pass over nruf_intervals';

create or replace view tn_ledger.nruf_utilization_today as
  select * from tn_ledger.nruf_utilization((now() at time zone 'UTC')::date);
comment on view tn_ledger.nruf_utilization_today is 'nruf_utilization as of today (UTC)';
comment on column tn_ledger.nruf_utilization_today.npa_nxx_x is 'Thousands-block (9195550)';
comment on column tn_ledger.nruf_utilization_today.rate_center is 'Rate center of most numbers in the block';
comment on column tn_ledger.nruf_utilization_today.state is 'State of most numbers in the block';
comment on column tn_ledger.nruf_utilization_today.numbers_received is 'All numbers of the block in the inventory: the sum of the categories';
comment on column tn_ledger.nruf_utilization_today.assigned is 'Numbers marked ASSIGNED';
comment on column tn_ledger.nruf_utilization_today.intermediate is 'Numbers passed to another carrier or a reseller';
comment on column tn_ledger.nruf_utilization_today.reserved is 'Numbers held for an end user at the end user''s request';
comment on column tn_ledger.nruf_utilization_today.aging is 'Disconnected numbers that are held back from reassignment';
comment on column tn_ledger.nruf_utilization_today.administrative is 'Numbers used by the network itself';
comment on column tn_ledger.nruf_utilization_today.available is 'All other numbers';
comment on column tn_ledger.nruf_utilization_today.undeclared is 'Available numbers that were never marked ASSIGNED or UNASSIGNED';
comment on column tn_ledger.nruf_utilization_today.utilization_percent is 'assigned divided by numbers_received, times 100 (47 CFR 52.15(h))';
