import type { Knex } from 'knex';

// A number's two histories, joined once and for all: nruf_intervals has a row for each stretch of days in which a number was in
// service and was declared one and the same thing. Counting a day then reads one narrow table.
//
// It is a copy, and a copy may lag behind. That it never makes an answer wrong rests on transaction ids. The mark
// (nruf_intervals_mark) says which transaction was the oldest that still wrote when the copy was brought up to date: whatever later or then
// unfinished transactions wrote has an xmin no older than that one, and every number with such a row is computed from the histories
// themselves. Times of day would not do: a transaction's now() is that of its begin, and it may be visible much later. Looking
// for such rows takes a scan of a table, so that triggers note which tables were written at all (per statement, once a transaction).
// A deleted row has no xmin to find it by: those are noted by number. The mark's own xmin guards against a database that was restored from a dump,
// where all transaction ids are others.

export async function createIntervals(knex: Knex): Promise<void> {
  await knex.raw(tables);
  await knex.raw(changeNotes);
  await knex.raw(readingChanges);
  await knex.raw(refresh);
}

export async function dropIntervals(knex: Knex): Promise<void> {
  await knex.raw(`
    drop function tn_ledger.nruf_refresh();
    drop function tn_ledger.nruf_changed_numbers(integer);
    drop function tn_ledger.nruf_mark();
    drop function tn_ledger.nruf_accounts();
    ${sources
      .map(
        (table) => `
    drop trigger nruf_note_write on tn_ledger.${table};
    drop trigger nruf_note_delete on tn_ledger.${table};
    drop trigger nruf_note_truncate on tn_ledger.${table};`,
      )
      .join('')}
    drop function tn_ledger.nruf_note_write();
    drop function tn_ledger.nruf_note_delete();
    drop function tn_ledger.nruf_note_truncate();
    drop function tn_ledger.nruf_left_out(text);
    drop function tn_ledger.nruf_block(text);
    drop function tn_ledger.nruf_day(timestamptz);
    drop table tn_ledger.nruf_deletions;
    drop table tn_ledger.nruf_writes;
    drop table tn_ledger.nruf_intervals_mark;
    drop table tn_ledger.nruf_intervals;
    drop table tn_ledger.nruf_places;
  `);
}

/** What nruf_intervals is made from. */
const sources = ['number_status_history', 'number_assignment_history', 'telephone_numbers'] as const;

const tables = `
  create table tn_ledger.nruf_places (
    place_id integer generated always as identity primary key,
    account_id text collate "C" not null,
    npa_nxx_x text collate "C" not null,
    rate_center text not null,
    state text not null,
    left_out text,
    unique (account_id, npa_nxx_x, rate_center, state)
  );
  comment on table tn_ledger.nruf_places is
    'Where numbers of nruf_intervals belong. Maintained by nruf_refresh(); a place without numbers may stay.';
  comment on column tn_ledger.nruf_places.place_id is 'As in nruf_intervals';
  comment on column tn_ledger.nruf_places.account_id is 'Bandwidth account';
  comment on column tn_ledger.nruf_places.npa_nxx_x is 'Thousands-block; empty for numbers that are not NANP';
  comment on column tn_ledger.nruf_places.rate_center is 'Rate center abbreviation; empty: unknown';
  comment on column tn_ledger.nruf_places.state is 'State; empty: unknown';
  comment on column tn_ledger.nruf_places.left_out is 'Why numbers of this block are left out of the geographic forms; null: they are not';

  create table tn_ledger.nruf_intervals (
    place_id integer not null,
    from_day date not null,
    to_day date not null,
    stay_from date not null,
    declared_on date,
    declared "char" not null,
    shared boolean not null,
    telephone_number text collate "C" not null
  );
  comment on table tn_ledger.nruf_intervals is
    'Days in which a number was in service and declared one and the same thing, made from number_status_history and number_assignment_history so that counting need not join them. It may lag behind them: ask nruf_number_categories(), which knows what changed since.';
  comment on column tn_ledger.nruf_intervals.place_id is 'Account, block, rate center and state, as in nruf_places';
  comment on column tn_ledger.nruf_intervals.from_day is 'First day (UTC) at whose end it was so';
  comment on column tn_ledger.nruf_intervals.to_day is 'First day at whose end it was no longer so; infinity: it still is';
  comment on column tn_ledger.nruf_intervals.stay_from is 'Day on which the time in service began that this belongs to';
  comment on column tn_ledger.nruf_intervals.declared_on is 'Day of the declaration that held; null where none did';
  comment on column tn_ledger.nruf_intervals.declared is 'A: assigned; U: unassigned, right after it was assigned; F: unassigned otherwise, or declared once and no longer; N: never declared so far';
  comment on column tn_ledger.nruf_intervals.shared is 'Whether another account had the number in service, too, at some time';
  comment on column tn_ledger.nruf_intervals.telephone_number is 'The number, as in telephone_numbers';

  create table tn_ledger.nruf_intervals_mark (
    only_row boolean primary key default true check (only_row),
    refreshed_at timestamptz not null,
    unfinished_xid bigint not null,
    written_by_xid bigint not null
  );
  comment on table tn_ledger.nruf_intervals_mark is 'Up to which changes nruf_intervals was brought; no row: not at all.';
  comment on column tn_ledger.nruf_intervals_mark.only_row is 'There is at most one row';
  comment on column tn_ledger.nruf_intervals_mark.refreshed_at is 'When nruf_refresh() brought it there';
  comment on column tn_ledger.nruf_intervals_mark.unfinished_xid is 'Every transaction before this one is contained; what later ones wrote may not be';
  comment on column tn_ledger.nruf_intervals_mark.written_by_xid is 'Transaction that wrote this row; another one did where the database was restored from a dump, and transaction ids mean nothing';

  create table tn_ledger.nruf_writes (
    table_name text not null,
    xid bigint not null,
    primary key (table_name, xid)
  );
  comment on table tn_ledger.nruf_writes is 'Which tables were written, by which transactions that nruf_intervals may not contain.';
  comment on column tn_ledger.nruf_writes.table_name is 'The table';
  comment on column tn_ledger.nruf_writes.xid is 'The transaction';

  create table tn_ledger.nruf_deletions (
    account_id text collate "C" not null,
    telephone_number text collate "C" not null,
    xid bigint not null
  );
  comment on table tn_ledger.nruf_deletions is 'Numbers of which rows were deleted by transactions that nruf_intervals may not contain.';
  comment on column tn_ledger.nruf_deletions.account_id is 'Bandwidth account';
  comment on column tn_ledger.nruf_deletions.telephone_number is 'The number';
  comment on column tn_ledger.nruf_deletions.xid is 'The transaction';

  create function tn_ledger.nruf_day(moment timestamptz) returns date
    language sql immutable parallel safe as $$ select (moment at time zone 'UTC')::date $$;
  comment on function tn_ledger.nruf_day(timestamptz) is 'The day (UTC) that a moment lies in';

  create function tn_ledger.nruf_block(number text) returns text
    language sql immutable parallel safe as $$
      select case when length(number) = 10 and number collate "C" >= '2' and ltrim(number, '0123456789') = ''
        then substr(number, 1, 7) end
    $$;
  comment on function tn_ledger.nruf_block(text) is 'Thousands-block of a number, as telephone_numbers.npa_nxx_x has it; null for one that is not NANP';

  create function tn_ledger.nruf_left_out(block text) returns text
    language sql immutable parallel safe as $$
      select case
        when coalesce(block, '') = '' then 'not NANP'
        when substr(block, 1, 3) in ('800', '833', '844', '855', '866', '877', '888') then 'toll-free'
        when substr(block, 1, 3) = '900' then '900'
        when substr(block, 1, 3) in ('500', '521', '522', '523', '524', '525', '526', '527', '528', '529', '533', '544', '566', '577', '588')
          then '5XX'
      end
    $$;
  comment on function tn_ledger.nruf_left_out(text) is
    'Why the numbers of a thousands-block are left out of the geographic forms: not NANP, toll-free, 900, 5XX (the non-geographic area codes of that form only: 503 is Oregon); null where they are not';
`;

// Without a copy there is nothing to note. The shared lock, held to the end of the transaction, keeps nruf_refresh() from
// making one meanwhile; only a transaction that sees what others commit can tell that there is none.
const nothingToNote = `
    if current_setting('transaction_isolation') = 'read committed'
      and not exists (select from tn_ledger.nruf_intervals_mark)
      and pg_try_advisory_xact_lock_shared(7386006)
    then
      if not exists (select from tn_ledger.nruf_intervals_mark) then return null; end if;
    end if;`;

const changeNotes = `
  create function tn_ledger.nruf_note_write() returns trigger language plpgsql security definer set search_path = '' as $$
  begin
    ${nothingToNote}
    insert into tn_ledger.nruf_writes values (tg_table_name, pg_catalog.pg_current_xact_id()::text::bigint) on conflict do nothing;
    return null;
  end
  $$;
  comment on function tn_ledger.nruf_note_write() is 'Trigger: notes that a table was written';

  create function tn_ledger.nruf_note_delete() returns trigger language plpgsql security definer set search_path = '' as $$
  begin
    ${nothingToNote}
    insert into tn_ledger.nruf_deletions
      select distinct account_id, telephone_number, pg_catalog.pg_current_xact_id()::text::bigint from old_rows;
    return null;
  end
  $$;
  comment on function tn_ledger.nruf_note_delete() is 'Trigger: notes of which numbers rows were deleted';

  create function tn_ledger.nruf_note_truncate() returns trigger language plpgsql security definer set search_path = '' as $$
  begin
    delete from tn_ledger.nruf_intervals_mark;
    return null;
  end
  $$;
  comment on function tn_ledger.nruf_note_truncate() is 'Trigger: forgets up to where nruf_intervals was brought';

  ${sources
    .map(
      (table) => `
  create trigger nruf_note_write after insert or update on tn_ledger.${table}
    for each statement execute function tn_ledger.nruf_note_write();
  create trigger nruf_note_delete after delete on tn_ledger.${table}
    referencing old table as old_rows for each statement execute function tn_ledger.nruf_note_delete();
  create trigger nruf_note_truncate after truncate on tn_ledger.${table}
    for each statement execute function tn_ledger.nruf_note_truncate();`,
    )
    .join('')}
`;

const changedRows = (table: string) => `
      if exists (select from tn_ledger.nruf_writes w where w.table_name = '${table}' and w.xid >= mark) then
        return query select distinct h.telephone_number from tn_ledger.${table} h
          where age(h.xmin) <= oldest limit at_most;
      end if;`;

const readingChanges = `
  create function tn_ledger.nruf_mark() returns bigint language sql stable as $$
    select m.unfinished_xid from tn_ledger.nruf_intervals_mark m
     where m.xmin::text::bigint = m.written_by_xid % 4294967296
       and pg_snapshot_xmax(pg_current_snapshot())::text::bigint - m.unfinished_xid < 1000000000
  $$;
  comment on function tn_ledger.nruf_mark() is
    'The oldest transaction that nruf_intervals may not contain; null where it was never made, or can no longer be told what it contains';

  create function tn_ledger.nruf_accounts() returns setof text language sql stable as $$
    with recursive accounts as (
      select min(account_id) as account_id from tn_ledger.number_status_history
      union all
      select (select min(h.account_id) from tn_ledger.number_status_history h where h.account_id > a.account_id)
      from accounts a where a.account_id is not null
    )
    select account_id from accounts where account_id is not null
  $$;
  comment on function tn_ledger.nruf_accounts() is 'The accounts that the ledger has any history of';

  create function tn_ledger.nruf_changed_numbers(at_most integer) returns table (telephone_number text) language plpgsql stable as $$
    declare
      mark constant bigint := tn_ledger.nruf_mark();
      oldest constant integer := age((mark % 4294967296)::text::xid);
    begin
      return query select distinct d.telephone_number from tn_ledger.nruf_deletions d where d.xid >= mark limit at_most;
      ${sources.map(changedRows).join('')}
    end
  $$;
  comment on function tn_ledger.nruf_changed_numbers(integer) is
    'Numbers that were, or may have been, written since nruf_intervals was brought up to date, whichever account has them. A number may come more than once; each source gives at most so many different ones, so that fewer in all are all there are';
`;

// A number without any declaration has one stretch in each stay; one with declarations has the time before the first, each declaration, and
// the gaps after each of them (a declaration ends when the number leaves).
const combine = (only: boolean) => {
  const restricted = only ? 'join pg_temp.nruf_changed c using (account_id, telephone_number)' : '';
  return `
    insert into tn_ledger.nruf_places (account_id, npa_nxx_x, rate_center, state, left_out)
    select distinct account_id, coalesce(tn_ledger.nruf_block(telephone_number), ''), coalesce(t.rate_center, ''), coalesce(t.state, ''),
      tn_ledger.nruf_left_out(tn_ledger.nruf_block(telephone_number))
    from (select distinct h.account_id, h.telephone_number from tn_ledger.number_status_history h ${restricted} where h.status = 'Inservice') as held
    left join tn_ledger.telephone_numbers t using (account_id, telephone_number)
    on conflict do nothing;

    with stays as (
      select h.account_id, h.telephone_number, tn_ledger.nruf_day(h.valid_from) as from_day,
        coalesce(tn_ledger.nruf_day(h.valid_to), 'infinity') as to_day
      from tn_ledger.number_status_history h ${restricted}
      where h.status = 'Inservice' and (h.valid_to is null or tn_ledger.nruf_day(h.valid_to) > tn_ledger.nruf_day(h.valid_from))
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
      from tn_ledger.number_assignment_history h ${restricted}
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
    select p.place_id, greatest(s.from_day, x.from_day), least(s.to_day, x.to_day), s.from_day, x.declared_on,
      coalesce(x.declared, 'N')::"char", s.telephone_number in (select shared.telephone_number from shared), s.telephone_number
    from stays s
    left join stretches x on x.account_id = s.account_id and x.telephone_number = s.telephone_number
      and x.from_day < s.to_day and x.to_day > s.from_day
    left join tn_ledger.telephone_numbers t on t.account_id = s.account_id and t.telephone_number = s.telephone_number
    join tn_ledger.nruf_places p on p.account_id = s.account_id
      and p.npa_nxx_x = coalesce(tn_ledger.nruf_block(s.telephone_number), '')
      and p.rate_center = coalesce(t.rate_center, '') and p.state = coalesce(t.state, '');
  `;
};

const refresh = `
  create function tn_ledger.nruf_refresh() returns bigint language plpgsql set work_mem = '128MB' as $$
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
          ${combine(true)}
        end if;
      else
        -- Not truncated, nor swapped for another table: a statement that began before would find it empty.
        delete from tn_ledger.nruf_intervals;
        ${combine(false)}
        get diagnostics changed = row_count;
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
`;
