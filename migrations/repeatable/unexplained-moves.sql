-- When numbers joined and left the inventory (arrivals and departures) without an order that explains it. A number that stays in the
-- inventory while its status changes doesn't move; one that was activated again does. Orders are dated to within a day, so a day on
-- either side is allowed. "offset 0" forces a lookup by number: any other plan would read all orders.
create or replace function tn_ledger.unexplained_moves_of(account text, numbers text[], since date)
  returns table (telephone_number text, kind text, moved_at timestamptz, after_at timestamptz)
  language plpgsql stable set jit = off set enable_seqscan = off set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
begin
  return query
    with intervals as (
      select h.telephone_number, h.status, h.valid_from, h.valid_to, h.from_order_id, h.to_order_id,
        tn_ledger.nruf_in_inventory(h.status) as held,
        lag(h.status) over w as status_before, lag(h.valid_to) over w as to_before,
        lead(h.status) over w as status_after, lead(h.valid_from) over w as from_after,
        max(h.valid_to) filter (where tn_ledger.nruf_in_inventory(h.status))
          over (partition by h.telephone_number order by h.valid_from rows between unbounded preceding and 1 preceding) as held_until
      from tn_ledger.number_status_history h
      where h.account_id = (select account) and h.telephone_number = any((select numbers)::text[])
      window w as (partition by h.telephone_number order by h.valid_from)
    )
    select i.telephone_number, 'arrival', i.valid_from, i.held_until
    from intervals i
    left join lateral (
      select true as explains from tn_ledger.order_numbers o
      where o.account_id = (select account) and o.telephone_number = i.telephone_number and o.effect = 'in' and o.took_effect
        and least(o.order_date, o.effect_at) <= i.valid_from + interval '1 day'
        and greatest(o.order_date, o.effect_at) >= coalesce(i.held_until - interval '1 day', '-infinity')
      limit 1 offset 0
    ) as o on true
    where i.held and i.from_order_id is null and i.valid_from >= (select since)::timestamp at time zone 'UTC' and o.explains is null
      and not coalesce(i.to_before = i.valid_from and tn_ledger.nruf_in_inventory(i.status_before) and i.status_before <> i.status, false)
    union all
    select i.telephone_number, 'departure', i.valid_to, i.valid_from
    from intervals i
    left join lateral (
      select true as explains from tn_ledger.order_numbers o
      where o.account_id = (select account) and o.telephone_number = i.telephone_number and o.effect = 'out' and o.took_effect
        and least(o.order_date, o.effect_at) <= i.valid_to + interval '1 day'
        and greatest(o.order_date, o.effect_at) >= i.valid_from - interval '1 day'
      limit 1 offset 0
    ) as o on true
    where i.held and i.to_order_id is null and i.valid_to >= (select since)::timestamp at time zone 'UTC' and o.explains is null
      and not coalesce(i.from_after = i.valid_to and tn_ledger.nruf_in_inventory(i.status_after), false);
end
$$;
comment on function tn_ledger.unexplained_moves_of(text, text[], date) is
  'When these numbers of an account joined (arrival) or left the inventory (departure) since a day without an order that explains it. after_at: the earliest time for an explanation, as in unexplained_moves';
