-- What filings counted numbers as, by what the ledger said when they were made. Filings between which nothing about the numbers was
-- recorded are derived together, because planning a derivation takes longer than running it for few numbers.
create or replace function tn_ledger.number_filings(numbers text[], moments timestamptz[] default null)
  returns table (filing_id bigint, as_of date, form text, state text, created_at timestamptz,
    account_id text, telephone_number text, category text, left_out text, code text, has_row boolean)
  language plpgsql stable set jit = off set enable_seqscan = off set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  held_in text[] := array(
    select h.account_id from tn_ledger.number_status_history h where h.telephone_number = any((select numbers)::text[])
    union
    select h.account_id from tn_ledger.number_status_history_superseded h where h.telephone_number = any((select numbers)::text[]));
  alike record;
begin
  for alike in
    select f.aging_days, x.accounts, max(f.created_at) as known_at, array_agg(distinct f.as_of) as days, array_agg(f.filing_id) as filings
    from tn_ledger.nruf_filings f
    cross join lateral (select array(select a from unnest(held_in) a where f.accounts is null or a = any(f.accounts)) as accounts) as x
    where cardinality(x.accounts) > 0
    group by f.aging_days, x.accounts, width_bucket(f.created_at, moments), case when moments is null then f.created_at end
  loop
    return query
      select f.filing_id, f.as_of, f.form, f.state, f.created_at, c.account_id, c.telephone_number, c.category, c.left_out,
        x.code, exists (select from tn_ledger.nruf_filing_rows r where r.filing_id = f.filing_id and r.code = x.code)
      from tn_ledger.nruf_categories_of(numbers, alike.days, alike.accounts, alike.aging_days, alike.known_at) c
      join tn_ledger.nruf_filings f on f.as_of = c.day
      cross join lateral (select left(c.npa_nxx_x, case f.form when 'u3' then 6 else 7 end) as code) as x
      where f.filing_id = any(alike.filings) and c.account_id = c.counted_in;
  end loop;
end
$$;
comment on function tn_ledger.number_filings(text[], timestamptz[]) is
  'What each filing counted these numbers as, by what the ledger said when it was made: category, or why they were left out; null, without a row of the filing, if the filing was limited to another state. code: the row of the filing; has_row: whether it exists. Numbers that were not in the inventory have no row. moments: when the ledger recorded anything about them, ascending, which saves time; null: unknown';

create or replace function tn_ledger.timeline_value(value text) returns text language sql immutable parallel safe as $$
    select coalesce(regexp_replace(value, '^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d(\.\d+)?)\+00:00$', '\1 \2 UTC'), 'unknown')
  $$;
comment on function tn_ledger.timeline_value(text) is 'A detail of a number as number_timelines shows it: times in UTC, null as unknown';

-- Everything that the ledger knows about numbers, from every table that has it. Each part is a statement of its own, which finds the
-- numbers by an index: (select numbers) keeps the planner from estimating each of them, which takes longer than reading them.
--
-- Rows are bitemporal: at and until say when something was so, recorded_from and recorded_to when the ledger said so. The rows with
-- recorded_to null are what it says now; those with recorded_from <= T and (recorded_to is null or recorded_to > T) what it said at T.

create or replace function tn_ledger.number_timeline_rows(numbers text[])
  returns table (telephone_number text, account_id text, at timestamptz, until timestamptz, kind text, value text, what text,
    source text, order_id text, end_order_id text, reference text, user_id text, recorded_from timestamptz, recorded_to timestamptz)
  language plpgsql stable set timezone = 'UTC' set jit = off set enable_seqscan = off set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
begin
  -- Orders, once with each status that runs found. What became of the number belongs to the last status.
  return query
    select o.telephone_number, o.account_id, x.at, null::timestamptz, 'order', s.status,
      upper(left(o.title, 1)) || substr(o.title, 2) || coalesce(' ' || s.status, ' without a status')
        || case
          when s.recorded_to is null and o.took_effect then
            case o.effect when 'in' then ', added the number' when 'out' then ', removed the number' else ', marked the number ' || o.marks end
              || case when tn_ledger.nruf_day(o.effect_at) <> tn_ledger.nruf_day(x.at) then ' on ' || tn_ledger.nruf_day(o.effect_at) else '' end
          else coalesce(' (' || o.marks || ')', '')
        end
        || case when s.recorded_to is not null then '' else
          case when o.outcome = 'FAILED' then ', failed' when o.outcome = 'UNKNOWN' then ', outcome unknown'
            when o.outcome = 'ACCEPTED' and not o.took_effect then ', accepted' else '' end
          || coalesce(': ' || nullif(concat_ws(' ', o.error_code, o.error_description), ''), '')
        end,
      o.order_kind, o.order_id, null, null, o.user_id, s.recorded_from, s.recorded_to
    from tn_ledger.order_numbers o
    cross join lateral (select coalesce(o.order_date, o.last_modified_date, o.first_seen_at) as at) as x
    cross join lateral (
      select c.status_before as status,
        greatest(o.first_seen_at, lag(c.changed_at) over (order by c.changed_at)) as recorded_from, c.changed_at as recorded_to
      from tn_ledger.order_status_changes c
      where c.account_id = o.account_id and c.order_id = o.order_id and c.order_kind = o.order_kind
      union all
      select o.status, greatest(o.first_seen_at, (
        select max(c.changed_at) from tn_ledger.order_status_changes c
        where c.account_id = o.account_id and c.order_id = o.order_id and c.order_kind = o.order_kind)), null
    ) as s
    where o.telephone_number = any((select numbers)::text[]) and (s.recorded_to is null or s.recorded_from < s.recorded_to);

  -- Lines of files that tn-ledger submitted, before and after their order ended.
  return query
    select n.telephone_number, b.account_id, coalesce(o.submitted_at, b.created_at), null::timestamptz, 'batch', s.outcome,
      concat_ws(', ', 'Batch ' || b.batch_id || coalesce(' ' || coalesce(o.action, b.action), ''), 'line ' || n.line_number || ' of ' || b.file_name,
        coalesce(s.outcome, 'no outcome yet'))
        || case when s.outcome is null then '' else coalesce(': ' || nullif(concat_ws(' ', n.error_code, n.error_description), ''), '') end,
      'assignment_numbers', o.order_id, null, b.batch_id::text, null, s.recorded_from, s.recorded_to
    from tn_ledger.assignment_numbers n
    join tn_ledger.assignment_batches b on b.batch_id = n.batch_id
    left join tn_ledger.assignment_orders o on o.batch_id = n.batch_id and o.chunk_number = n.chunk_number
    cross join lateral (
      select null as outcome, b.created_at as recorded_from, case when n.outcome is not null then o.finished_at end as recorded_to
      where n.outcome is null or o.finished_at > b.created_at
      union all
      select n.outcome, coalesce(o.finished_at, b.created_at), null where n.outcome is not null
    ) as s
    where n.telephone_number = any((select numbers)::text[]);

  return query
    select h.telephone_number, h.account_id, h.valid_from, h.valid_to, 'status', h.status, 'Status ' || h.status,
      'number_status_history', h.from_order_id, h.to_order_id, null, null, h.recorded_from, h.recorded_to
    from (
      select h.telephone_number, h.account_id, h.status, h.valid_from, h.valid_to, h.from_order_id, h.to_order_id, h.recorded_from, null::timestamptz as recorded_to from tn_ledger.number_status_history h
      union all
      select h.telephone_number, h.account_id, h.status, h.valid_from, h.valid_to, h.from_order_id, h.to_order_id, h.recorded_from, h.recorded_to from tn_ledger.number_status_history_superseded h
    ) as h
    where h.telephone_number = any((select numbers)::text[]);

  -- Bandwidth's history of the number, as far as it was read.
  return query
    select e.telephone_number, e.account_id, coalesce(e.event_at, e.order_date, e.recorded_from), null::timestamptz, 'event', e.status,
      'Bandwidth''s history: ' || coalesce(e.status, 'unknown status') || coalesce(', ' || e.order_type, '') || coalesce(' ' || e.order_status, ''),
      'number_events', e.order_id, null, null, e.user_id, e.recorded_from, null::timestamptz
    from tn_ledger.number_events e
    where e.telephone_number = any((select numbers)::text[]);

  return query
    select h.telephone_number, h.account_id, h.valid_from, h.valid_to, 'assignment', h.assignment_status, 'Marked ' || h.assignment_status,
      'number_assignment_history', h.order_id, null, null, null, h.recorded_from, h.recorded_to
    from (
      select h.telephone_number, h.account_id, h.assignment_status, h.order_id, h.valid_from, h.valid_to, h.recorded_from, null::timestamptz as recorded_to from tn_ledger.number_assignment_history h
      union all
      select h.telephone_number, h.account_id, h.assignment_status, h.order_id, h.valid_from, h.valid_to, h.recorded_from, h.recorded_to from tn_ledger.number_assignment_history_superseded h
    ) as h
    where h.telephone_number = any((select numbers)::text[]);

  return query
    select h.telephone_number, h.account_id, h.valid_from, h.valid_to, 'category', h.category,
      'Classified as ' || h.category || case when h.residential then ', residential' else '' end
        || coalesce(', ' || h.file_name, '') || coalesce(': ' || h.note, ''),
      'number_categories', null, null, null, null, h.recorded_from, h.recorded_to
    from (
      select h.telephone_number, h.account_id, h.category, h.residential, h.file_name, h.note, h.valid_from, h.valid_to, h.recorded_from, null::timestamptz as recorded_to from tn_ledger.number_categories h
      union all
      select h.telephone_number, h.account_id, h.category, h.residential, h.file_name, h.note, h.valid_from, h.valid_to, h.recorded_from, h.recorded_to from tn_ledger.number_categories_superseded h
    ) as h
    where h.telephone_number = any((select numbers)::text[]);

  -- Each version of the details, by what the next one changed. Bandwidth's date of the change says something only by itself.
  return query
    select t.telephone_number, t.account_id, t.first_seen_at, null::timestamptz, 'details', null, 'First stored by tn-ledger',
      'telephone_numbers', null, null, null, null, t.first_seen_at, null::timestamptz
    from tn_ledger.telephone_numbers t
    where t.telephone_number = any((select numbers)::text[])
    union all
    select v.telephone_number, v.account_id, v.replaced_at, null, 'details', null, c.what,
      'telephone_number_versions', null, null, null, null, v.replaced_at, null
    from tn_ledger.telephone_numbers t
    join tn_ledger.telephone_number_versions v on v.account_id = t.account_id and v.telephone_number = t.telephone_number
    cross join lateral (
      select coalesce((
        select to_jsonb(later) from tn_ledger.telephone_number_versions later
        where later.account_id = v.account_id and later.telephone_number = v.telephone_number and later.replaced_at > v.replaced_at
        order by later.replaced_at limit 1), to_jsonb(t)) as row) as next
    cross join lateral (
      select coalesce(string_agg(f.change, ', ' order by f.name) filter (where f.name <> 'last_modified'), string_agg(f.change, ', ')) as what
      from (
        select e.name, case e.name
          when 'removed_at' then case when e.value is null then 'no longer on the lists of the account' else 'back on the lists of the account' end
          else e.name || ' ' || tn_ledger.timeline_value(e.value) || ' → ' || tn_ledger.timeline_value(next.row ->> e.name) end as change
        from jsonb_each_text(to_jsonb(v)) as e (name, value)
        where e.name not in ('account_id', 'telephone_number', 'replaced_at') and e.value is distinct from next.row ->> e.name
          and not (e.name = 'removed_at' and e.value is not null and next.row ->> e.name is not null)
      ) as f
    ) as c
    where t.telephone_number = any((select numbers)::text[]) and c.what is not null;

  -- An interval was open until the run that ended it, which is when the ledger learned its end.
  return query
    select h.telephone_number, h.account_id, h.valid_from, i.until, 'location', h.sip_peer_id,
      case when h.sip_peer_id is null then 'At no location'
        else 'At location ' || coalesce(p.name || ' (' || h.sip_peer_id || ')', h.sip_peer_id)
          || ' of sub-account ' || coalesce(s.name || ' (' || h.site_id || ')', h.site_id) end
        || coalesce(', ' || nullif(array_to_string(h.tn_attributes, ', '), ''), ''),
      'number_location_history', null, null, null, null, i.recorded_from, i.recorded_to
    from tn_ledger.number_location_history h
    cross join lateral (
      select null::timestamptz, h.valid_from, h.valid_to
      union all
      select h.valid_to, h.valid_to, null where h.valid_to is not null
    ) as i (until, recorded_from, recorded_to)
    left join tn_ledger.sip_peers p on p.account_id = h.account_id and p.sip_peer_id = h.sip_peer_id
    left join tn_ledger.sites s on s.account_id = h.account_id and s.site_id = h.site_id
    where h.telephone_number = any((select numbers)::text[]);

  return query
    select l.telephone_number, l.account_id, l.first_seen_at, null::timestamptz, 'listed', null, 'Stored as ' || l.title,
      l.list, null, null, null, null, l.first_seen_at, null::timestamptz
    from tn_ledger.listed_numbers l
    where l.telephone_number = any((select numbers)::text[]);

  -- Use per month. Its index begins with the account, so every account that has any is searched. Call records are CPNI: who may not
  -- read them gets the rest.
  if has_table_privilege('tn_ledger.billing_daily', 'select') then
    return query
      with recursive accounts as (
        select min(d.account_id) as account_id from tn_ledger.billing_daily d
        union all
        select (select min(d.account_id) from tn_ledger.billing_daily d where d.account_id > a.account_id) from accounts a where a.account_id is not null
      )
      select u.telephone_number, u.account_id, u.at, u.until, 'billing', u.direction,
        upper(left(u.direction, 1)) || substr(u.direction, 2) || coalesce(' use in ' || u.month, ' use at an unknown time') || ': '
          || concat_ws(', ',
            case when u.calls > 0 then u.calls || case u.calls when 1 then ' call, ' else ' calls, ' end || round(u.minutes, 1) || ' minutes, amount ' || trim_scale(u.amount) end,
            case when u.messages > 0 then u.messages || case u.messages when 1 then ' message' else ' messages' end end),
        'billing_daily', null, null, u.month, null, u.recorded_from, null::timestamptz
      from (
        select d.telephone_number, d.account_id, to_char(d.day, 'YYYY-MM') as month, d.direction,
          coalesce(min(d.day), min(r.start_date), min(r.loaded_at)::date)::timestamptz as at,
          (coalesce(max(d.day), max(r.end_date), max(r.loaded_at)::date) + 1)::timestamptz as until,
          sum(d.calls) as calls, sum(d.minutes) as minutes, sum(d.amount) as amount, sum(d.messages) as messages, max(r.loaded_at) as recorded_from
        from accounts a
        join tn_ledger.billing_daily d on d.account_id = a.account_id and d.telephone_number = any((select numbers)::text[])
        left join tn_ledger.billing_reports r on r.account_id = d.account_id and r.report_id = d.report_id
        group by 1, 2, 3, 4
      ) as u;
  end if;
end
$$;
comment on function tn_ledger.number_timeline_rows(text[]) is 'The rows of number_timelines without filings, in no order';

create or replace function tn_ledger.number_timelines(numbers text[])
  returns table (telephone_number text, account_id text, at timestamptz, until timestamptz, kind text, value text, what text,
    source text, order_id text, end_order_id text, reference text, user_id text, recorded_from timestamptz, recorded_to timestamptz)
  language sql stable as $$
    with known as materialized (select * from tn_ledger.number_timeline_rows(numbers)),
    moments as materialized (
      select array_agg(distinct m order by m) as known_since from known, unnest(array[recorded_from, recorded_to]) m
      where m is not null and kind <> 'billing'
    )
    select * from (
      select * from known
      union all
      select f.telephone_number, f.account_id, ((f.as_of + 1)::timestamp - interval '1 microsecond') at time zone 'UTC', null,
        'filing', case when f.left_out is not null then 'left out' when f.has_row then f.category else 'not counted' end,
        case when f.left_out is not null then 'Left out of ' when f.has_row then 'Counted as ' || f.category || ' in ' else 'Not counted in ' end
          || 'filing ' || f.filing_id || ' (' || upper(f.form) || ' as of ' || f.as_of || coalesce(', ' || f.state || ' only', '') || ')'
          || case when f.left_out is not null then ': ' || f.left_out when f.has_row then '' else ', which has no row ' || f.code end,
        'nruf_filings', null, null, f.filing_id::text, null, f.created_at, null
      from tn_ledger.number_filings(numbers, (select known_since from moments)) f
    ) as t
    order by t.telephone_number, t.at,
      array_position(array['order', 'batch', 'event', 'status', 'assignment', 'category', 'details', 'location', 'listed', 'billing', 'filing'], t.kind), t.account_id,
      t.recorded_from, t.source, t.order_id, length(t.reference), t.reference, t.until, t.value
  $$;
comment on function tn_ledger.number_timelines(text[]) is
  'number_timeline for several numbers, spelled as in telephone_numbers, in one pass';

create or replace function tn_ledger.number_timeline(telephone_number text)
  returns table (account_id text, at timestamptz, until timestamptz, kind text, value text, what text,
    source text, order_id text, end_order_id text, reference text, user_id text, recorded_from timestamptz, recorded_to timestamptz)
  language sql stable as $$
    select t.account_id, t.at, t.until, t.kind, t.value, t.what, t.source, t.order_id, t.end_order_id, t.reference, t.user_id,
      t.recorded_from, t.recorded_to
    from tn_ledger.number_timelines(array[
      regexp_replace(regexp_replace($1, '[^0-9+]', '', 'g'), '^\+?1(?=\d{10}$)', '')]) t
  $$;
comment on function tn_ledger.number_timeline(text) is
  'Everything that the ledger knows about a number, in any account, oldest first. at, until: when it was so (until exclusive; null: still, or a moment). kind: order, batch (line of a file that tn-ledger submitted), event (in Bandwidth''s history of the number, if fetch-number-histories read it), status, assignment, category (set with tn-ledger classify), details (first stored, or changed), location (where runs found it, and its attributes), listed, billing (use in a month in one direction, from the first to the last day with any; left out without the right to read billing_daily, which tn_ledger_billing_reader has), filing (what an NRUF filing counted the number as). value: the status, outcome, category or direction; what: the same as a sentence. source: table that has it. order_id: order of the row, or that dates its start; end_order_id: order that dates its end. reference: number of the batch or filing, or month (2026-10) of the use. user_id: who placed the order. recorded_from, recorded_to: when the ledger said so (recorded_to exclusive; null: it does now), so rows with recorded_to set are superseded';

create or replace function tn_ledger.number_details(numbers text[], as_of date default null, known_at timestamptz default null)
  returns table (telephone_number text, account_id text, status text, city text, state text, rate_center text, lata text, tier text,
    vendor_id text, vendor_name text, in_service_date timestamptz, last_modified timestamptz, removed_at timestamptz,
    owner_account_id text, discrepancy text, first_seen_at timestamptz)
  language plpgsql stable set jit = off set enable_seqscan = off set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  moment constant timestamptz := least((as_of + 1)::timestamp at time zone 'UTC' - interval '1 microsecond', known_at);
begin
  return query
    select t.telephone_number, t.account_id, d.status, d.city, d.state, d.rate_center, d.lata, d.tier, d.vendor_id, d.vendor_name,
      d.in_service_date, d.last_modified, d.removed_at, d.owner_account_id, case when moment is null then t.discrepancy end, t.first_seen_at
    from tn_ledger.telephone_numbers t
    cross join lateral (
      (select 0 as place, v.replaced_at, v.status, v.city, v.state, v.rate_center, v.lata, v.tier, v.vendor_id, v.vendor_name,
         v.in_service_date, v.last_modified, v.removed_at, v.owner_account_id
       from tn_ledger.telephone_number_versions v
       where v.account_id = t.account_id and v.telephone_number = t.telephone_number and v.replaced_at > moment
       order by v.replaced_at limit 1)
      union all
      select 1, null, t.status, t.city, t.state, t.rate_center, t.lata, t.tier, t.vendor_id, t.vendor_name,
        t.in_service_date, t.last_modified, t.removed_at, t.owner_account_id
      order by 1 limit 1
    ) as d
    where t.telephone_number = any((select numbers)::text[]) and (known_at is null or t.first_seen_at <= known_at);
end
$$;
comment on function tn_ledger.number_details(text[], date, timestamptz) is
  'Details of numbers as the ledger had them at the end of a day (UTC; null: now), as known at known_at (null: now). Before a number was first stored, the earliest known ones. discrepancy, which has no history, only for now';
