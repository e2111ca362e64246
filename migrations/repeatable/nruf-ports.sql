-- Not inlined into statements that look up other things: few numbers are ported, and each is looked up by its index.
--
-- A number order for a number shows that Bandwidth has its block, so a later port-in won the number back.
create or replace function tn_ledger.nruf_ports(known_at timestamptz default null, numbers text[] default null)
  returns table (account_id text, order_id text, telephone_number text, losing_carrier_name text,
    from_bandwidth boolean, internal boolean, won_back boolean, from_other_carrier boolean, ordered_on date, done_on date)
  language plpgsql stable set enable_nestloop = on set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
begin
  return query
    select p.account_id, p.order_id, n.telephone_number, p.losing_carrier_name, x.from_bandwidth, x.internal, x.won_back,
      not (x.from_bandwidth or x.internal or x.won_back),
      tn_ledger.nruf_day(p.order_date),
      coalesce(tn_ledger.nruf_day(coalesce(p.actual_foc_date, p.last_modified_date, p.order_date)), '-infinity')
    from tn_ledger.portins_numbers n
    join tn_ledger.portins p on p.account_id = n.account_id and p.order_id = n.order_id
    cross join lateral (
      select coalesce(p.losing_carrier_name, '') ~* '\mbandwidth' as from_bandwidth,
        coalesce(p.internal, false) or upper(coalesce(p.port_type, '')) = 'INTERNAL' as internal,
        exists (
          select from tn_ledger.orders_numbers m
          join tn_ledger.orders o on o.account_id = m.account_id and o.order_id = m.order_id
          where m.telephone_number = n.telephone_number
            and coalesce(upper(o.status), '') not in ('FAILED', 'CANCELLED')
            and coalesce(o.order_date, o.last_modified_date, '-infinity')
              < coalesce(p.order_date, p.actual_foc_date, p.last_modified_date, 'infinity')
            and (known_at is null or greatest(o.first_seen_at, m.first_seen_at) <= known_at)) as won_back
    ) as x
    where upper(p.status) = 'COMPLETE' and (numbers is null or n.telephone_number = any((select numbers)::text[]))
      and (known_at is null or greatest(p.first_seen_at, n.first_seen_at) <= known_at);
end
$$;
comment on function tn_ledger.nruf_ports(timestamptz, text[]) is
  'Numbers of completed port-ins, as known at known_at (null: now); only these numbers (null: all). from_bandwidth: the name of the losing carrier has a word that begins with Bandwidth. internal: moved within Bandwidth. won_back: an earlier number order added it. from_other_carrier: none of these, so another carrier has the block. done_on: the actual FOC date, otherwise the last change';
