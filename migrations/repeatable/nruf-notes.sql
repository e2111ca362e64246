-- Triggers that note which tables were written (once per statement and transaction), for nruf_changed_numbers(). A deleted row has
-- no xmin to find it by: those are noted by number.
--
-- Without a copy there is nothing to note. The shared lock, held to the end of the transaction, keeps nruf_refresh() from
-- making one meanwhile; only a transaction that sees what others commit can tell that there is none.

create or replace function tn_ledger.nruf_note_write() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if current_setting('transaction_isolation') = 'read committed'
    and not exists (select from tn_ledger.nruf_intervals_mark)
    and pg_try_advisory_xact_lock_shared(7386006)
  then
    if not exists (select from tn_ledger.nruf_intervals_mark) then return null; end if;
  end if;
  insert into tn_ledger.nruf_writes values (tg_table_name, pg_catalog.pg_current_xact_id()::text::bigint) on conflict do nothing;
  return null;
end
$$;
comment on function tn_ledger.nruf_note_write() is 'Trigger: notes that a table was written';

create or replace function tn_ledger.nruf_note_delete() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if current_setting('transaction_isolation') = 'read committed'
    and not exists (select from tn_ledger.nruf_intervals_mark)
    and pg_try_advisory_xact_lock_shared(7386006)
  then
    if not exists (select from tn_ledger.nruf_intervals_mark) then return null; end if;
  end if;
  insert into tn_ledger.nruf_deletions
    select distinct account_id, telephone_number, pg_catalog.pg_current_xact_id()::text::bigint from old_rows;
  return null;
end
$$;
comment on function tn_ledger.nruf_note_delete() is 'Trigger: notes of which numbers rows were deleted';

create or replace function tn_ledger.nruf_note_truncate() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  delete from tn_ledger.nruf_intervals_mark;
  return null;
end
$$;
comment on function tn_ledger.nruf_note_truncate() is 'Trigger: forgets up to where nruf_intervals was brought';

create or replace trigger nruf_note_write after insert or update on tn_ledger.number_status_history
  for each statement execute function tn_ledger.nruf_note_write();
create or replace trigger nruf_note_delete after delete on tn_ledger.number_status_history
  referencing old table as old_rows for each statement execute function tn_ledger.nruf_note_delete();
create or replace trigger nruf_note_truncate after truncate on tn_ledger.number_status_history
  for each statement execute function tn_ledger.nruf_note_truncate();
create or replace trigger nruf_note_write after insert or update on tn_ledger.number_assignment_history
  for each statement execute function tn_ledger.nruf_note_write();
create or replace trigger nruf_note_delete after delete on tn_ledger.number_assignment_history
  referencing old table as old_rows for each statement execute function tn_ledger.nruf_note_delete();
create or replace trigger nruf_note_truncate after truncate on tn_ledger.number_assignment_history
  for each statement execute function tn_ledger.nruf_note_truncate();
create or replace trigger nruf_note_write after insert or update on tn_ledger.telephone_numbers
  for each statement execute function tn_ledger.nruf_note_write();
create or replace trigger nruf_note_delete after delete on tn_ledger.telephone_numbers
  referencing old table as old_rows for each statement execute function tn_ledger.nruf_note_delete();
create or replace trigger nruf_note_truncate after truncate on tn_ledger.telephone_numbers
  for each statement execute function tn_ledger.nruf_note_truncate();
