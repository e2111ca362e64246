-- A number order that brought a number shows that Bandwidth has its block: a later port-in won the number back.
create or replace function tn_ledger.nruf_ports(known_at timestamptz default null)
  returns table (account_id text, order_id text, telephone_number text, losing_carrier_name text,
    from_bandwidth boolean, internal boolean, won_back boolean, from_other_carrier boolean, ordered_on date, done_on date)
  language sql stable as $$
    with ordered as (
      select n.telephone_number, min(coalesce(o.order_date, o.last_modified_date, '-infinity')) as at
      from tn_ledger.orders_numbers n
      join tn_ledger.orders o on o.account_id = n.account_id and o.order_id = n.order_id
      where n.telephone_number in (select p.telephone_number from tn_ledger.portins_numbers p)
        and coalesce(upper(o.status), '') not in ('FAILED', 'CANCELLED')
        and (known_at is null or greatest(o.first_seen_at, n.first_seen_at) <= known_at)
      group by 1
    ),
    ported as (
      select p.account_id, p.order_id, n.telephone_number, p.losing_carrier_name,
        coalesce(p.losing_carrier_name, '') ~* '\mbandwidth' as from_bandwidth,
        coalesce(p.internal, false) or upper(coalesce(p.port_type, '')) = 'INTERNAL' as internal,
        coalesce(o.at < coalesce(p.order_date, p.actual_foc_date, p.last_modified_date, 'infinity'), false) as won_back,
        tn_ledger.nruf_day(p.order_date) as ordered_on,
        coalesce(tn_ledger.nruf_day(coalesce(p.actual_foc_date, p.last_modified_date, p.order_date)), '-infinity') as done_on
      from tn_ledger.portins p
      join tn_ledger.portins_numbers n on n.account_id = p.account_id and n.order_id = p.order_id
      left join ordered o on o.telephone_number = n.telephone_number
      where upper(p.status) = 'COMPLETE' and (known_at is null or greatest(p.first_seen_at, n.first_seen_at) <= known_at)
    )
    select account_id, order_id, telephone_number, losing_carrier_name, from_bandwidth, internal, won_back,
      not (from_bandwidth or internal or won_back), ordered_on, done_on
    from ported
  $$;
comment on function tn_ledger.nruf_ports(timestamptz) is
  'Numbers that completed port-ins brought, as far as they were known then (null: now). from_bandwidth: the name of the losing carrier has a word that begins with Bandwidth. internal: moved within Bandwidth. won_back: an earlier number order brought it. from_other_carrier: none of these, so that another carrier has the block. done_on: the actual FOC date, else the last change';
