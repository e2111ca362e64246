-- Trigger functions that write change notes (see nruf-refresh.sql); nruf-note-triggers attaches them. Their statements are planned on
-- each call (execute), because a plan made for one row would be far too slow for a million.
--
-- Execute is revoked from public: anyone with it could attach the functions to their own table and make them write with the rights of
-- their owner.

create or replace function tn_ledger.nruf_takes_notes(account text) returns boolean language plpgsql as $$
  begin
    if exists (select from tn_ledger.nruf_intervals_mark m where m.account_id = account) then return true; end if;
    -- Only a read committed transaction sees the intervals that were made before it got the lock.
    if current_setting('transaction_isolation') <> 'read committed'
      or not pg_try_advisory_xact_lock_shared(tn_ledger.nruf_lock_key(account))
    then
      return true;
    end if;
    return exists (select from tn_ledger.nruf_intervals_mark m where m.account_id = account);
  end
$$;
revoke execute on function tn_ledger.nruf_takes_notes(text) from public;
comment on function tn_ledger.nruf_takes_notes(text) is
  'Whether changes of this account need notes. If not, keeps nruf_refresh() from making its intervals until this transaction ends';

create or replace function tn_ledger.nruf_changed_rows(operation text) returns text language sql immutable parallel safe as $$
  select case operation
    when 'INSERT' then 'select * from new_rows'
    when 'DELETE' then 'select * from old_rows'
    else 'select * from new_rows union all select * from old_rows' end
$$;
comment on function tn_ledger.nruf_changed_rows(text) is 'The query for the rows that a statement changed, in a trigger of this operation';

create or replace function tn_ledger.nruf_note_numbers() returns trigger language plpgsql security definer set search_path = '' as $function$
  declare
    changed text := tn_ledger.nruf_changed_rows(tg_op);
    noted text[];
  begin
    -- An attribute that leaves a number out in every account lasts as long as the stay in the account that has it.
    if tg_table_name = 'number_status_history' then
      changed := format($sql$
        select account_id, telephone_number from (%1$s) as c
        union all
        select h.account_id, h.telephone_number from (%1$s) as c
        join tn_ledger.number_location_history l on l.account_id = c.account_id and l.telephone_number = c.telephone_number
          and l.tn_attributes && '{External,Imported}'
        join tn_ledger.number_status_history h on h.telephone_number = c.telephone_number$sql$, changed);
    end if;
    execute format(
      'select array_agg(c.account_id) from (select distinct account_id from (%s) as r) as c where tn_ledger.nruf_takes_notes(c.account_id)',
      changed) into noted;
    if noted is null then return null; end if;
    -- Other details of a number are not counted.
    if tg_table_name = 'telephone_numbers' and tg_op = 'UPDATE' then
      changed := $sql$
        (select account_id, telephone_number, rate_center, state, owner_account_id from new_rows
         except select account_id, telephone_number, rate_center, state, owner_account_id from old_rows)
        union all
        (select account_id, telephone_number, rate_center, state, owner_account_id from old_rows
         except select account_id, telephone_number, rate_center, state, owner_account_id from new_rows)$sql$;
    end if;
    execute format(
      'insert into tn_ledger.nruf_change_notes select distinct account_id, telephone_number from (%s) as c where account_id = any($1)',
      changed) using noted;
    return null;
  end
$function$;
revoke execute on function tn_ledger.nruf_note_numbers() from public;
comment on function tn_ledger.nruf_note_numbers() is 'Trigger on tables with histories or details of numbers: notes the numbers';

-- The numbers of an order count differently in whatever account they are, and in the account of the order if they arrive there while
-- this transaction is still open.
create or replace function tn_ledger.nruf_note_orders() returns trigger language plpgsql security definer set search_path = '' as $function$
  declare
    changed text := tn_ledger.nruf_changed_rows(tg_op);
    noted text[];
  begin
    if tg_table_name = 'number_location_history' then
      changed := format($sql$select account_id, telephone_number from (%s) as h where tn_attributes && '{External,Imported}'$sql$, changed);
    elsif tg_table_name not like '%\_numbers' then
      changed := format(
        'select n.account_id, n.telephone_number from (%s) as o join tn_ledger.%I n on n.account_id = o.account_id and n.order_id = o.order_id',
        changed, tg_table_name || '_numbers');
    end if;
    changed := format($sql$
      select account_id, telephone_number from (%1$s) as c
      union
      select h.account_id, h.telephone_number from (%1$s) as c
      join tn_ledger.number_status_history h on h.telephone_number = c.telephone_number$sql$, changed);
    execute format(
      'select array_agg(c.account_id) from (select distinct account_id from (%s) as r) as c where tn_ledger.nruf_takes_notes(c.account_id)',
      changed) into noted;
    if noted is null then return null; end if;
    execute format('insert into tn_ledger.nruf_change_notes select * from (%s) as c where account_id = any($1)', changed) using noted;
    return null;
  end
$function$;
revoke execute on function tn_ledger.nruf_note_orders() from public;
comment on function tn_ledger.nruf_note_orders() is
  'Trigger on tables of orders that decide to which carrier numbers belong, on those of their numbers, and on the history of attributes: notes the numbers';

create or replace function tn_ledger.nruf_note_truncate() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  delete from tn_ledger.nruf_intervals_mark;
  return null;
end
$$;
revoke execute on function tn_ledger.nruf_note_truncate() from public;
comment on function tn_ledger.nruf_note_truncate() is 'Trigger: marks the intervals of all accounts as never made';
