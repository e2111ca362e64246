create or replace function tn_ledger.numbers_by_location(as_of date default null, account text default null)
  returns table (account_id text, site_id text, site_name text, sip_peer_id text, sip_peer_name text, numbers bigint)
  language sql stable as $$
    select n.account_id, h.site_id, s.name, h.sip_peer_id, p.name, count(*)
    from (select coalesce((as_of + 1)::timestamp at time zone 'UTC', 'infinity') as ended) as day
    join tn_ledger.number_status_history n on n.status = 'Inservice'
      and n.valid_from < day.ended and (n.valid_to is null or n.valid_to >= day.ended)
    left join tn_ledger.number_location_history h on h.account_id = n.account_id and h.telephone_number = n.telephone_number
      and h.valid_from < day.ended and (h.valid_to is null or h.valid_to >= day.ended)
    left join tn_ledger.sites s on s.account_id = n.account_id and s.site_id = h.site_id
    left join tn_ledger.sip_peers p on p.account_id = n.account_id and p.sip_peer_id = h.sip_peer_id
    where account is null or n.account_id = any(string_to_array(account, ','))
    group by 1, 2, 3, 4, 5
    order by 1, 6 desc, 2, 4
  $$;
comment on function tn_ledger.numbers_by_location(date, text) is
  'Numbers in service at the end of a day (UTC; null: now) by sub-account and location, for accounts (null: all). Without a location: none was known on that day, as on every day before sync-sites first ran. Names are those of now';
