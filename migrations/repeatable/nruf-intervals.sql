-- nruf_intervals is a copy: a number's two histories, joined once. It has a row for each stretch of days in which a number was in
-- service and had one and the same assignment status. Counting a day then reads one narrow table.
--
-- A copy may lag behind. That it never makes an answer wrong rests on transaction ids. The mark (nruf_intervals_mark) says which
-- transaction was the oldest that was still writing when the copy was refreshed: whatever later or then unfinished transactions
-- wrote has an xmin no older than that one, and every number with such a row is computed from the histories themselves. Times of
-- day would not do: a transaction's now() is that of its begin, and it may become visible much later. Looking for such rows takes
-- a scan of a table, so that triggers note which tables were written at all (nruf-notes.sql). The mark's own xmin guards against
-- a database that was restored from a dump, where all transaction ids are others.

create or replace function tn_ledger.nruf_mark() returns bigint language sql stable as $$
  select m.unfinished_xid from tn_ledger.nruf_intervals_mark m
   where m.xmin::text::bigint = m.written_by_xid % 4294967296
     and pg_snapshot_xmax(pg_current_snapshot())::text::bigint - m.unfinished_xid < 1000000000
$$;
comment on function tn_ledger.nruf_mark() is
  'The oldest transaction that nruf_intervals may not contain; null where it was never made, or can no longer be told what it contains';

create or replace function tn_ledger.nruf_accounts() returns setof text language sql stable as $$
  with recursive accounts as (
    select min(account_id) as account_id from tn_ledger.number_status_history
    union all
    select (select min(h.account_id) from tn_ledger.number_status_history h where h.account_id > a.account_id)
    from accounts a where a.account_id is not null
  )
  select account_id from accounts where account_id is not null
$$;
comment on function tn_ledger.nruf_accounts() is 'The accounts that the ledger has any history of';

create or replace function tn_ledger.nruf_changed_numbers(at_most integer) returns table (telephone_number text) language plpgsql stable as $$
  declare
    mark constant bigint := tn_ledger.nruf_mark();
    oldest constant integer := age((mark % 4294967296)::text::xid);
  begin
    return query select distinct d.telephone_number from tn_ledger.nruf_deletions d where d.xid >= mark limit at_most;
    if exists (select from tn_ledger.nruf_writes w where w.table_name = 'number_status_history' and w.xid >= mark) then
      return query select distinct h.telephone_number from tn_ledger.number_status_history h
        where age(h.xmin) <= oldest limit at_most;
    end if;
    if exists (select from tn_ledger.nruf_writes w where w.table_name = 'number_assignment_history' and w.xid >= mark) then
      return query select distinct h.telephone_number from tn_ledger.number_assignment_history h
        where age(h.xmin) <= oldest limit at_most;
    end if;
    if exists (select from tn_ledger.nruf_writes w where w.table_name = 'telephone_numbers' and w.xid >= mark) then
      return query select distinct h.telephone_number from tn_ledger.telephone_numbers h
        where age(h.xmin) <= oldest limit at_most;
    end if;
  end
$$;
comment on function tn_ledger.nruf_changed_numbers(integer) is
  'Numbers that were, or may have been, written since nruf_intervals was brought up to date, whichever account has them. A number may come more than once; each source gives at most so many different ones, so that fewer in all are all there are';

-- A number that was InAccount and then Inservice was there in one stay, with an interval for each status.
--
-- A number without any declaration has one stretch in each stay; one with declarations has the time before the first, each
-- declaration, and the gaps after each of them (a declaration ends when the number leaves).
create or replace function tn_ledger.nruf_write_intervals(only_changed boolean) returns bigint language plpgsql as $function$
  declare
    restricted constant text := case when only_changed then 'join pg_temp.nruf_changed c using (account_id, telephone_number)' else '' end;
    written bigint;
  begin
    execute format($sql$
      insert into tn_ledger.nruf_places (account_id, npa_nxx_x, rate_center, state, hosted, left_out)
      select p.*, tn_ledger.nruf_left_out(p.block, a.united_states, p.state, p.hosted)
      from (
        select distinct account_id, coalesce(tn_ledger.nruf_block(telephone_number), '') as block, coalesce(t.rate_center, '') as rate_center,
          coalesce(t.state, '') as state, coalesce(t.owner_account_id <> account_id, false) as hosted
        from (
          select distinct h.account_id, h.telephone_number
          from tn_ledger.number_status_history h %1$s where tn_ledger.nruf_in_inventory(h.status)
        ) as held
        left join tn_ledger.telephone_numbers t using (account_id, telephone_number)
      ) as p
      left join tn_ledger.area_codes a on a.npa = left(p.block, 3)
      on conflict do nothing$sql$, restricted);

    execute format($sql$
      with stays as (
        select h.account_id, h.telephone_number, tn_ledger.nruf_day(h.valid_from) as from_day,
          coalesce(tn_ledger.nruf_day(h.valid_to), 'infinity') as to_day,
          tn_ledger.nruf_day(coalesce(b.valid_from, h.valid_from)) as stay_from
        from tn_ledger.number_status_history h %1$s
        left join tn_ledger.number_status_history b on h.status = 'Inservice' and b.status = 'InAccount'
          and b.account_id = h.account_id and b.telephone_number = h.telephone_number and b.valid_to = h.valid_from
        where tn_ledger.nruf_in_inventory(h.status) and (h.valid_to is null or tn_ledger.nruf_day(h.valid_to) > tn_ledger.nruf_day(h.valid_from))
      ),
      shared as (
        select s.telephone_number from stays s where (select count(*) from tn_ledger.nruf_accounts()) > 1
        group by s.telephone_number having min(s.account_id) <> max(s.account_id)
      ),
      declarations as (
        select h.account_id, h.telephone_number, h.assignment_status, tn_ledger.nruf_day(h.valid_from) as from_day,
          coalesce(tn_ledger.nruf_day(h.valid_to), 'infinity') as to_day,
          coalesce(lead(tn_ledger.nruf_day(h.valid_from)) over number, 'infinity') as next_from,
          lag(h.assignment_status) over number = 'ASSIGNED' and lag(h.valid_to) over number = h.valid_from as after_assigned,
          row_number() over number = 1 as is_first
        from tn_ledger.number_assignment_history h %1$s
        window number as (partition by h.account_id, h.telephone_number order by h.valid_from)
      ),
      stretches as (
        select d.account_id, d.telephone_number, x.*
        from declarations d
        cross join lateral (
          select '-infinity'::date as from_day, d.from_day as to_day, 'N' as declared, null::date as declared_on where d.is_first
          union all
          select d.from_day, d.to_day,
            case when d.assignment_status = 'ASSIGNED' then 'A' when d.after_assigned then 'U' else 'F' end, d.from_day
          where d.from_day < d.to_day
          union all
          select d.to_day, d.next_from, 'F', null where d.to_day < d.next_from
        ) as x
      )
      insert into tn_ledger.nruf_intervals
        (place_id, from_day, to_day, stay_from, declared_on, declared, shared, telephone_number)
      select p.place_id, greatest(s.from_day, x.from_day), least(s.to_day, x.to_day), s.stay_from, x.declared_on,
        coalesce(x.declared, 'N')::"char", s.telephone_number in (select shared.telephone_number from shared), s.telephone_number
      from stays s
      left join stretches x on x.account_id = s.account_id and x.telephone_number = s.telephone_number
        and x.from_day < s.to_day and x.to_day > s.from_day
      left join tn_ledger.telephone_numbers t on t.account_id = s.account_id and t.telephone_number = s.telephone_number
      join tn_ledger.nruf_places p on p.account_id = s.account_id
        and p.npa_nxx_x = coalesce(tn_ledger.nruf_block(s.telephone_number), '')
        and p.rate_center = coalesce(t.rate_center, '') and p.state = coalesce(t.state, '')
        and p.hosted = coalesce(t.owner_account_id <> t.account_id, false)$sql$, restricted);
    get diagnostics written = row_count;
    return written;
  end
$function$;
comment on function tn_ledger.nruf_write_intervals(boolean) is
  'Writes nruf_intervals, which holds none of them, for the numbers of the temporary table nruf_changed, or for all; returns how many intervals it wrote';

create or replace function tn_ledger.nruf_refresh() returns bigint language plpgsql set work_mem = '128MB' as $$
  declare
    unfinished bigint;
    rebuild_from constant bigint := greatest(100000, (select reltuples / 10 from pg_class where oid = 'tn_ledger.number_status_history'::regclass)::bigint);
    changed bigint;
  begin
    perform pg_advisory_xact_lock(7386006);
    -- Before anything is read: what is committed while this runs is then looked for again, and never missed.
    unfinished := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
    if to_regclass('pg_temp.nruf_changed') is not null then drop table pg_temp.nruf_changed; end if;
    if tn_ledger.nruf_mark() is not null then
      create temporary table nruf_changed on commit drop as
        select a as account_id, n.telephone_number
        from (select distinct c.telephone_number from tn_ledger.nruf_changed_numbers((rebuild_from + 1)::integer) c) as n
        cross join tn_ledger.nruf_accounts() a;
      analyze pg_temp.nruf_changed;
      select count(*) into changed from pg_temp.nruf_changed;
    end if;
    if changed <= rebuild_from then
      if changed > 0 then
        delete from tn_ledger.nruf_intervals i using (select distinct telephone_number from pg_temp.nruf_changed) c
         where i.telephone_number = c.telephone_number;
        perform tn_ledger.nruf_write_intervals(true);
      end if;
    else
      -- Not truncated, nor swapped for another table: a statement that began before would find it empty.
      delete from tn_ledger.nruf_intervals;
      delete from tn_ledger.nruf_places;
      changed := tn_ledger.nruf_write_intervals(false);
    end if;
    if changed > 10000 then analyze tn_ledger.nruf_intervals; analyze tn_ledger.nruf_places; end if;
    delete from tn_ledger.nruf_writes where xid < unfinished;
    delete from tn_ledger.nruf_deletions where xid < unfinished;
    delete from tn_ledger.nruf_intervals_mark;
    insert into tn_ledger.nruf_intervals_mark (refreshed_at, unfinished_xid, written_by_xid)
      values (now(), unfinished, pg_current_xact_id()::text::bigint);
    return changed;
  end
$$;
comment on function tn_ledger.nruf_refresh() is
  'Brings nruf_intervals in line with the histories, so that counting is fast; answers are right without it, too. Tells how many numbers (the first time: intervals) it wrote';

-- These files may have changed the rules that the copy was made by.
delete from tn_ledger.nruf_intervals_mark;
