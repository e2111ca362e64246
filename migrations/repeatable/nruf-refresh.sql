-- nruf_intervals has the intervals of the accounts in nruf_intervals_mark. When something that decides what a number counts as
-- changes, triggers write a change note in the same transaction (nruf-notes). A snapshot that sees the change therefore sees
-- the note, and counting derives the number again. Refreshing an account does so for its notes and deletes them.
--
-- Until an account has its intervals, its changes need no notes, because nruf_refresh() will read all its numbers. Writers then hold
-- a shared lock on the account until they commit, and nruf_refresh() waits for it.

create or replace function tn_ledger.nruf_lock_key(account text) returns bigint language sql immutable parallel safe as $$
  select hashtextextended('tn-ledger/nruf/' || account, 0)
$$;
comment on function tn_ledger.nruf_lock_key(text) is 'Key of the advisory lock for the intervals of an account';

create or replace function tn_ledger.nruf_accounts() returns setof text language sql stable as $$
  with recursive accounts as (
    select min(account_id) as account_id from tn_ledger.number_status_history
    union all
    select (select min(h.account_id) from tn_ledger.number_status_history h where h.account_id > a.account_id)
    from accounts a where a.account_id is not null
  )
  select account_id from accounts where account_id is not null
$$;
comment on function tn_ledger.nruf_accounts() is 'The accounts with any history in the ledger';

-- Each statement sees what was committed before it began, so a change between the statements is either derived already or still
-- has its note. Numbers are read in slices by their indexes: that takes memory for a slice only, and the plans are the
-- right ones whatever the statistics say.
create or replace function tn_ledger.nruf_refresh(account text default null) returns bigint language plpgsql
  set enable_nestloop = off set enable_seqscan = off set jit = off set plan_cache_mode = force_custom_plan
as $$
  declare
    slice_size constant integer := 20000;
    has_intervals boolean;
    has_others constant boolean := exists (select from tn_ledger.nruf_accounts() a where a <> account);
    changed text[];
    slice text[];
    last text := '';
    refreshed bigint := 0;
  begin
    if account is null then
      return coalesce((select sum(tn_ledger.nruf_refresh(a)) from tn_ledger.nruf_accounts() a), 0);
    end if;
    perform pg_advisory_xact_lock(tn_ledger.nruf_lock_key(account));
    has_intervals := exists (select from tn_ledger.nruf_intervals_mark m where m.account_id = account);
    insert into tn_ledger.nruf_intervals_mark values (account, now())
      on conflict (account_id) do update set refreshed_at = excluded.refreshed_at;
    with consumed as (
      delete from tn_ledger.nruf_change_notes n where n.account_id = account returning n.telephone_number
    )
    select array_agg(distinct c.telephone_number order by c.telephone_number) into changed from consumed c;
    if not has_intervals then
      delete from tn_ledger.nruf_intervals i where i.account_id = account;
    end if;
    loop
      if has_intervals then
        slice := changed[refreshed + 1 : refreshed + slice_size];
        delete from tn_ledger.nruf_intervals i where i.account_id = account and i.telephone_number = any(slice);
      else
        slice := array(
          select distinct h.telephone_number from tn_ledger.number_status_history h
          where h.account_id = account and h.telephone_number > last order by 1 limit slice_size);
        last := slice[cardinality(slice)];
      end if;
      exit when coalesce(cardinality(slice), 0) = 0;
      refreshed := refreshed + cardinality(slice);

      with derived as materialized (
        select * from tn_ledger.nruf_derive(array[account], slice, null, null, null)
      ),
      added_places as (
        insert into tn_ledger.nruf_places (account_id, npa_nxx_x, rate_center, state, hosted, left_out)
        select p.*, tn_ledger.nruf_left_out(p.npa_nxx_x, a.united_states, p.state, p.hosted)
        from (select distinct d.account_id, d.npa_nxx_x, d.rate_center, d.state, d.hosted from derived d) as p
        left join tn_ledger.area_codes a on a.npa = left(p.npa_nxx_x, 3)
        on conflict do nothing
        returning place_id, npa_nxx_x, rate_center, state, hosted
      ),
      places as (
        select p.place_id, p.npa_nxx_x, p.rate_center, p.state, p.hosted from tn_ledger.nruf_places p where p.account_id = account
        union all
        select p.place_id, p.npa_nxx_x, p.rate_center, p.state, p.hosted from added_places p
      )
      insert into tn_ledger.nruf_intervals
        (account_id, telephone_number, from_day, to_day, stay_from, declared_on, place_id, declared, category, belongs_to_other)
      select d.account_id, d.telephone_number, d.from_day, d.to_day, d.stay_from, d.declared_on, p.place_id, d.declared, d.category,
        d.belongs_to_other
      from derived d
      -- Never without a place: place_id is not null.
      left join places p on p.npa_nxx_x = d.npa_nxx_x and p.rate_center = d.rate_center and p.state = d.state and p.hosted = d.hosted
      order by d.telephone_number, d.from_day;

      if has_others then
        insert into tn_ledger.nruf_shared_numbers
        select distinct account, h.telephone_number from tn_ledger.number_status_history h
        where h.telephone_number = any(slice) and h.account_id <> account
        on conflict do nothing;
      end if;
    end loop;
    return refreshed;
  end
$$;
revoke execute on function tn_ledger.nruf_refresh(text) from public;
comment on function tn_ledger.nruf_refresh(text) is
  'Brings nruf_intervals up to date for an account (null: all accounts), which makes counting fast; counts are correct without it. Returns the number of numbers that it derived';

-- The rules in these files may have changed, so all intervals are made again. A refresh in progress ends first.
lock table tn_ledger.nruf_intervals_mark in share row exclusive mode;
delete from tn_ledger.nruf_intervals_mark;
