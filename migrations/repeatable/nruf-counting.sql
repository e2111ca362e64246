-- A day is counted by a query whose text nruf_numbers_sql writes, so that the planner sees one statement with the caller's values
-- in it, and joins nothing that nobody asked for. It takes numbers from nruf_intervals; those that changed since that copy was
-- refreshed, or all where there is no copy or the question is what was known in the past, from the histories.

-- The pieces: "held" is what was in the inventory at the end of the day, with its place and its assignment status; "use" says what it
-- counts as (a assigned, i intermediate, r reserved, g aging, m administrative, v available, u available and never declared).
--
-- Without names, place_id tells the place wherever it is not null: counts are made by that number first, which is cheap, and only
-- then by names.
create or replace function tn_ledger.nruf_numbers_sql(as_of date, account text, aging_days integer, known_at timestamptz, with_names boolean)
  returns text language plpgsql stable set datestyle = 'ISO, YMD' as $function$
  declare
    -- How many changed numbers are looked up one by one, and fit a hash table of little memory; with more, all histories are read.
    few constant integer := 20000;
    day_end constant timestamptz := (as_of + 1)::timestamp at time zone 'UTC';
    accounts constant text[] := array(
      select btrim(a) from unnest(string_to_array(account, ',')) a where btrim(a) <> '');
    everything constant boolean := account is null;
    known constant text[] := array(select tn_ledger.nruf_accounts());
    several boolean;
    use_copy boolean := known_at is null and tn_ledger.nruf_mark() is not null;
    changed text[] := '{}';
    has_categories constant boolean := exists (select from tn_ledger.number_categories)
      or known_at is not null and exists (select from tn_ledger.number_categories_superseded);
    has_imports constant boolean := exists (select from tn_ledger.imported_numbers);
    has_ports constant boolean := exists (select from tn_ledger.portins_numbers);
    aging text;
    parts text := '';
    pieces text[] := '{}';
    held text[] := '{}';
  begin
    if aging_days is null or aging_days < 0 then
      raise exception 'aging_days must be 0 or more, not %', coalesce(aging_days::text, 'null') using errcode = '22023';
    end if;
    if as_of is null then return null; end if;
    several := cardinality(case when everything then known else accounts end) > 1;

    if use_copy then
      changed := array(select distinct c.telephone_number from tn_ledger.nruf_changed_numbers(few + 1) c);
      use_copy := cardinality(changed) <= few;
    end if;

    if use_copy then
      held := held || format($sql$
        select i.place_id, %4$s, p.account_id, i.telephone_number, p.left_out, i.stay_from, i.declared, i.declared_on, i.shared
        from tn_ledger.nruf_intervals i join tn_ledger.nruf_places p on p.place_id = i.place_id
        where i.from_day <= %1$L and i.to_day > %1$L %2$s %3$s$sql$,
        as_of,
        case when not everything then format('and p.account_id = any(%L)', accounts) end,
        case when cardinality(changed) > 0 then format('and i.telephone_number not in (select unnest(%L::text[]))', changed) end,
        case when with_names then 'p.npa_nxx_x, p.rate_center, p.state' else 'null as npa_nxx_x, null as rate_center, null as state' end);
    end if;

    if not use_copy or cardinality(changed) > 0 then
      pieces := pieces || format($sql$
        status_then as not materialized (
          select h.account_id, h.telephone_number, h.status, h.valid_from, h.valid_to from tn_ledger.number_status_history h %1$s %2$s
          %3$s),
        assignment_then as (
          select h.account_id, h.telephone_number, h.assignment_status, h.valid_from, h.valid_to from tn_ledger.number_assignment_history h %1$s %2$s
          %4$s)$sql$,
        case when use_copy then format($sql$
          join (select a, x from unnest(%L::text[]) a cross join unnest(%L::text[]) x) changed
            on changed.a = h.account_id and changed.x = h.telephone_number$sql$,
          known, changed) end,
        case when known_at is not null then format('where h.believed_since <= %L', known_at) end,
        case when known_at is not null then format($sql$
          union all
          select account_id, telephone_number, status, valid_from, valid_to from tn_ledger.number_status_history_superseded
          where believed_from <= %1$L and believed_to > %1$L$sql$, known_at) end,
        case when known_at is not null then format($sql$
          union all
          select account_id, telephone_number, assignment_status, valid_from, valid_to from tn_ledger.number_assignment_history_superseded
          where believed_from <= %1$L and believed_to > %1$L$sql$, known_at) end);
      pieces := pieces || format($sql$
        service as (
          select s.account_id, s.telephone_number, tn_ledger.nruf_day(coalesce(b.valid_from, s.valid_from)) as stay_from
          from status_then s
          left join status_then b on s.status = 'Inservice' and b.status = 'InAccount'
            and b.account_id = s.account_id and b.telephone_number = s.telephone_number and b.valid_to = s.valid_from
          where tn_ledger.nruf_in_inventory(s.status) and s.valid_from < %1$L and (s.valid_to is null or s.valid_to >= %1$L) %2$s),
        declarations as (
          select account_id, telephone_number,
            max(assignment_status) filter (where valid_to is null or valid_to >= %1$L) as status,
            max(valid_from) filter (where valid_to is null or valid_to >= %1$L) as since,
            max(valid_to) filter (where assignment_status = 'ASSIGNED' and valid_to < %1$L) as assigned_until
          from assignment_then s where valid_from < %1$L %2$s group by 1, 2)$sql$,
        day_end, case when not everything then format('and s.account_id = any(%L)', accounts) end);
      if known_at is not null then
        pieces := pieces || format($sql$
          details_then as (
            select distinct on (account_id, telephone_number) account_id, telephone_number, rate_center, state, owner_account_id
            from tn_ledger.telephone_number_versions where replaced_at > %L
            order by account_id, telephone_number, replaced_at)$sql$, known_at);
      end if;
      held := held || format($sql$
        select null::integer as place_id, b.block as npa_nxx_x, d.rate_center, d.state, s.account_id, s.telephone_number,
          tn_ledger.nruf_left_out(b.block, a.united_states, d.state, d.owner_account_id <> s.account_id) as left_out, s.stay_from,
          (case when c.status = 'ASSIGNED' then 'A' when c.status = 'UNASSIGNED' and c.assigned_until = c.since then 'U'
            when c.telephone_number is null then 'N' else 'F' end)::"char" as declared,
          tn_ledger.nruf_day(c.since) as declared_on, true as shared
        from service s
        cross join lateral (select tn_ledger.nruf_block(s.telephone_number) as block) b
        left join tn_ledger.area_codes a on a.npa = left(b.block, 3)
        left join declarations c on c.account_id = s.account_id and c.telephone_number = s.telephone_number
        left join tn_ledger.telephone_numbers t on t.account_id = s.account_id and t.telephone_number = s.telephone_number
        %s$sql$,
        case when known_at is null then 'cross join lateral (select t.rate_center, t.state, t.owner_account_id) d' else $sql$
          left join details_then v on v.account_id = s.account_id and v.telephone_number = s.telephone_number
          cross join lateral (
            select case when v.telephone_number is null then t.rate_center else v.rate_center end as rate_center,
              case when v.telephone_number is null then t.state else v.state end as state,
              case when v.telephone_number is null then t.owner_account_id else v.owner_account_id end as owner_account_id) d$sql$ end);
    end if;

    -- A number that two accounts had in service at once counts where its service began last.
    if several then
      pieces := pieces || format('every as materialized (%s)', array_to_string(held, ' union all '));
      held := array[
        'select * from every where not shared',
        'select * from (select distinct on (telephone_number) * from every where shared order by telephone_number, stay_from desc, account_id) as last_account'];
    end if;

    if has_categories then
      pieces := pieces || format($sql$
        categories as (
          select account_id, telephone_number, category from tn_ledger.number_categories
          where valid_from < %1$L and (valid_to is null or valid_to >= %1$L) %2$s)$sql$,
        day_end,
        case when known_at is not null then format($sql$
          and believed_since <= %2$L
          union all
          select account_id, telephone_number, category from tn_ledger.number_categories_superseded
          where valid_from < %1$L and (valid_to is null or valid_to >= %1$L) and believed_from <= %2$L and believed_to > %2$L$sql$,
          day_end, known_at) end);
    end if;
    if has_ports then
      pieces := pieces || format($sql$
        ported as (
          select telephone_number, min(done_on) as done_on, min(ordered_on) as ordered_on
          from tn_ledger.nruf_ports(%L) where from_other_carrier group by 1)$sql$, known_at);
    end if;
    if has_imports then
      pieces := pieces || format($sql$
        imported as (
          select distinct telephone_number from tn_ledger.imported_numbers
          where imported_at < %1$L and (removed_at is null or removed_at >= %1$L) %2$s)$sql$,
        day_end,
        case when known_at is not null then format($sql$
          and (account_id, order_id) in (select account_id, order_id from tn_ledger.import_tn_orders where first_seen_at <= %L)$sql$, known_at) end);
    end if;
    aging := case when aging_days > 0 then format($sql$case when h.declared_on >= %L then 'g'::"char" else 'v' end$sql$, as_of - aging_days)
      else $sql$'v'::"char"$sql$ end;

    return format($sql$
      %1$s
      select h.place_id, h.npa_nxx_x, h.rate_center, h.state, h.account_id, h.telephone_number, h.declared_on,
        %2$s as left_out,
        %3$s case h.declared when 'A' then 'a'::"char" when 'N' then 'u' when 'U' then %4$s else 'v' end %5$s as use
      from (%6$s) as h %7$s$sql$,
      case when cardinality(pieces) > 0 then 'with ' || array_to_string(pieces, ', ') end,
      concat(
        'coalesce(h.left_out',
        case when has_imports then $sql$, case when m.telephone_number is not null then 'imported' end$sql$ end,
        case when has_ports then format($sql$, case when o.done_on <= %L or o.ordered_on <= h.stay_from then 'ported in' end$sql$, as_of) end,
        ')'),
      case when has_categories then $sql$
        case c.category when 'intermediate' then 'i'::"char" when 'reserved' then 'r' when 'aging' then 'g' when 'administrative' then 'm' else $sql$ end,
      aging,
      case when has_categories then 'end' end,
      array_to_string(held, ' union all '),
      concat(
        case when has_ports then 'left join ported o on o.telephone_number = h.telephone_number' end,
        case when has_imports then ' left join imported m on m.telephone_number = h.telephone_number' end,
        case when has_categories then ' left join categories c on c.account_id = h.account_id and c.telephone_number = h.telephone_number' end));
  end
$function$;
comment on function tn_ledger.nruf_numbers_sql(date, text, integer, timestamptz, boolean) is
  'Text of the query for the numbers in the inventory at the end of a day, what they count as, or why they are left out; the other functions run it';

create or replace function tn_ledger.nruf_counts(as_of date, account text default null, aging_days integer default 45, known_at timestamptz default null)
  returns table (npa_nxx_x text, rate_center text, state text, numbers_received bigint,
    assigned bigint, intermediate bigint, reserved bigint, aging bigint, administrative bigint, available bigint, undeclared bigint)
  language plpgsql stable as $function$
  begin
    if as_of is null then return; end if;
    return query execute format($sql$
      select coalesce(p.npa_nxx_x, n.npa_nxx_x), coalesce(p.rate_center, n.rate_center, ''), coalesce(p.state, n.state, ''),
        sum(n.numbers_received)::bigint, sum(n.assigned)::bigint, sum(n.intermediate)::bigint, sum(n.reserved)::bigint,
        sum(n.aging)::bigint, sum(n.administrative)::bigint, sum(n.available)::bigint, sum(n.undeclared)::bigint
      from (
        select place_id, npa_nxx_x, rate_center, state, count(*) as numbers_received,
          count(*) filter (where use = 'a') as assigned,
          count(*) filter (where use = 'i') as intermediate,
          count(*) filter (where use = 'r') as reserved,
          count(*) filter (where use = 'g') as aging,
          count(*) filter (where use = 'm') as administrative,
          count(*) filter (where use in ('v', 'u')) as available,
          count(*) filter (where use = 'u') as undeclared
        from (%s) as numbers
        where left_out is null group by 1, 2, 3, 4
      ) as n
      left join tn_ledger.nruf_places p on p.place_id = n.place_id
      group by 1, 2, 3$sql$,
      tn_ledger.nruf_numbers_sql(as_of, account, aging_days, known_at, false));
  end
$function$;
comment on function tn_ledger.nruf_counts(date, text, integer, timestamptz) is
  'What nruf_utilization adds up: a row for each block, rate center and state (empty: unknown)';

-- A row for each place, then the counts of all places of a block (or code), with the names that most of its numbers have.
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
  'nruf_utilization and nruf_utilization_by_code, by so many leading digits of a number';

create or replace function tn_ledger.nruf_utilization(as_of date, account text default null, aging_days integer default 45, known_at timestamptz default null)
  returns table (npa_nxx_x text, rate_center text, state text, numbers_received bigint,
    assigned bigint, intermediate bigint, reserved bigint, aging bigint, administrative bigint, available bigint, undeclared bigint,
    utilization_percent numeric)
  language sql stable as $$
    select * from tn_ledger.nruf_utilization_by_digits(7, as_of, account, aging_days, known_at)
  $$;
comment on function tn_ledger.nruf_utilization(date, text, integer, timestamptz) is
  'Numbers in the inventory at the end of a day (UTC) by thousands-block and use, as FCC Form 502 asks. account: one account id, or several separated by commas; null: all. aging_days: for how many days after its UNASSIGNED a number counts as aging (47 CFR 52.15(f)(1)(ii): at least 45). known_at: as the ledger knew it then; null: as it knows it now';

create or replace function tn_ledger.nruf_utilization_by_code(as_of date, account text default null, aging_days integer default 45, known_at timestamptz default null)
  returns table (npa_nxx text, rate_center text, state text, numbers_received bigint,
    assigned bigint, intermediate bigint, reserved bigint, aging bigint, administrative bigint, available bigint, undeclared bigint,
    utilization_percent numeric)
  language sql stable as $$
    select * from tn_ledger.nruf_utilization_by_digits(6, as_of, account, aging_days, known_at)
  $$;
comment on function tn_ledger.nruf_utilization_by_code(date, text, integer, timestamptz) is
  'The same as nruf_utilization by NPA-NXX';

create or replace function tn_ledger.nruf_number_categories(as_of date, account text default null, aging_days integer default 45, known_at timestamptz default null)
  returns table (account_id text, telephone_number text, npa_nxx_x text, rate_center text, state text, category text, undeclared boolean, declared_on date, left_out text)
  language plpgsql stable as $function$
  begin
    if as_of is null then return; end if;
    return query execute format($sql$
      select account_id, telephone_number, nullif(npa_nxx_x, ''), nullif(rate_center, ''), nullif(state, ''),
        case when left_out is null then case use when 'a' then 'assigned' when 'i' then 'intermediate' when 'r' then 'reserved'
          when 'g' then 'aging' when 'm' then 'administrative' else 'available' end end,
        left_out is null and use = 'u', declared_on, left_out
      from (%s) as numbers$sql$,
      tn_ledger.nruf_numbers_sql(as_of, account, aging_days, known_at, true));
  end
$function$;
comment on function tn_ledger.nruf_number_categories(date, text, integer, timestamptz) is
  'The proof behind nruf_utilization: a row for each number in the inventory at the end of a day, with its category, or why it is left out (not NANP, toll-free, 900, 5XX, not United States, hosted, imported, ported in; category is null then). declared_on: the day of the declaration to Bandwidth that held';

create or replace view tn_ledger.nruf_utilization_today as
  select * from tn_ledger.nruf_utilization((now() at time zone 'UTC')::date);
comment on view tn_ledger.nruf_utilization_today is 'nruf_utilization as of today (UTC)';
comment on column tn_ledger.nruf_utilization_today.npa_nxx_x is 'Thousands-block (9195550)';
comment on column tn_ledger.nruf_utilization_today.rate_center is 'Rate center of most of the blocks numbers';
comment on column tn_ledger.nruf_utilization_today.state is 'State of most of the blocks numbers';
comment on column tn_ledger.nruf_utilization_today.numbers_received is 'All numbers of the block in the inventory: the sum of the categories';
comment on column tn_ledger.nruf_utilization_today.assigned is 'Numbers declared assigned';
comment on column tn_ledger.nruf_utilization_today.intermediate is 'Numbers passed on to another carrier or reseller';
comment on column tn_ledger.nruf_utilization_today.reserved is 'Numbers held for an end user at his request';
comment on column tn_ledger.nruf_utilization_today.aging is 'Numbers disconnected from an end user and held back';
comment on column tn_ledger.nruf_utilization_today.administrative is 'Numbers in use for the network itself';
comment on column tn_ledger.nruf_utilization_today.available is 'All others';
comment on column tn_ledger.nruf_utilization_today.undeclared is 'Those of the available ones that nobody ever declared';
comment on column tn_ledger.nruf_utilization_today.utilization_percent is 'assigned divided by numbers_received, times 100 (47 CFR 52.15(h))';
