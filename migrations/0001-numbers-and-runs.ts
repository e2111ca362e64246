import type { Knex } from 'knex';

// Breaks nothing: it makes the first tables.
//
// Identifiers are compared and sorted as bytes (COLLATE "C"): they are digits and plain letters, the order is then the same
// on every server, and the comparison is several times cheaper than a language's.

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table tn_ledger.telephone_numbers (
      account_id text collate "C" not null,
      telephone_number text collate "C" not null,
      status text not null,
      city text,
      state text,
      rate_center text,
      lata text,
      tier text,
      vendor_id text,
      vendor_name text,
      in_service_date timestamptz,
      last_modified timestamptz,
      assignment_status text check (assignment_status in ('ASSIGNED', 'UNASSIGNED')),
      first_seen_at timestamptz not null default now(),
      removed_at timestamptz,
      changed_at timestamptz not null default now(),
      raw jsonb,
      npa text collate "C" generated always as (
        case when length(telephone_number) = 10 and telephone_number >= '2'
          and ltrim(telephone_number, '0123456789') = '' then substr(telephone_number, 1, 3) end) stored,
      npa_nxx text collate "C" generated always as (
        case when length(telephone_number) = 10 and telephone_number >= '2'
          and ltrim(telephone_number, '0123456789') = '' then substr(telephone_number, 1, 6) end) stored,
      npa_nxx_x text collate "C" generated always as (
        case when length(telephone_number) = 10 and telephone_number >= '2'
          and ltrim(telephone_number, '0123456789') = '' then substr(telephone_number, 1, 7) end) stored,
      primary key (account_id, telephone_number)
    );
    comment on table tn_ledger.telephone_numbers is
      'Every telephone number that the in-service list or the number details ever named for an account. A number that neither names any more keeps its row, with removed_at set.';
    comment on column tn_ledger.telephone_numbers.account_id is 'Bandwidth account that holds the number';
    comment on column tn_ledger.telephone_numbers.telephone_number is 'Ten digits for a NANP number, E.164 with + for any other';
    comment on column tn_ledger.telephone_numbers.status is 'Status in the number details (Inservice, Aging, …); Inservice where only the in-service list knows the number. The last known one where removed_at is set';
    comment on column tn_ledger.telephone_numbers.city is 'City, as Bandwidth spells it';
    comment on column tn_ledger.telephone_numbers.state is 'Two-letter state or province';
    comment on column tn_ledger.telephone_numbers.rate_center is 'Rate center abbreviation';
    comment on column tn_ledger.telephone_numbers.lata is 'LATA number, as text';
    comment on column tn_ledger.telephone_numbers.tier is 'Bandwidth price tier, as text';
    comment on column tn_ledger.telephone_numbers.vendor_id is 'Id of the carrier that the number comes from';
    comment on column tn_ledger.telephone_numbers.vendor_name is 'Name of the carrier that the number comes from';
    comment on column tn_ledger.telephone_numbers.in_service_date is 'When the number came into service, as the number details say';
    comment on column tn_ledger.telephone_numbers.last_modified is 'When Bandwidth last changed the number, as the number details say';
    comment on column tn_ledger.telephone_numbers.assignment_status is 'Latest declaration to Bandwidth: ASSIGNED, UNASSIGNED, or null where none is known';
    comment on column tn_ledger.telephone_numbers.first_seen_at is 'When tn-ledger first wrote the number';
    comment on column tn_ledger.telephone_numbers.removed_at is 'When tn-ledger found that neither listing names the number any more; null while one does';
    comment on column tn_ledger.telephone_numbers.changed_at is 'When tn-ledger last changed this row';
    comment on column tn_ledger.telephone_numbers.raw is 'What the number details say beyond the columns, and the text of values that fit no column type; null where there is nothing such';
    comment on column tn_ledger.telephone_numbers.npa is 'Area code (919); null for numbers that are not NANP';
    comment on column tn_ledger.telephone_numbers.npa_nxx is 'Central office code (919555); null for numbers that are not NANP';
    comment on column tn_ledger.telephone_numbers.npa_nxx_x is 'Thousands-block (9195550); null for numbers that are not NANP';
    create index telephone_numbers_removed_at on tn_ledger.telephone_numbers (removed_at) where removed_at is not null;

    create table tn_ledger.number_status_history (
      account_id text collate "C" not null,
      telephone_number text collate "C" not null,
      status text not null,
      valid_from timestamptz not null,
      valid_to timestamptz,
      believed_since timestamptz not null default now(),
      primary key (account_id, telephone_number, valid_from),
      check (valid_to > valid_from)
    );
    comment on table tn_ledger.number_status_history is
      'Which status each number had when, as believed now. The intervals of one number never overlap.';
    comment on column tn_ledger.number_status_history.account_id is 'Bandwidth account that holds the number';
    comment on column tn_ledger.number_status_history.telephone_number is 'The number, as in telephone_numbers';
    comment on column tn_ledger.number_status_history.status is 'Status in the interval (Inservice, Aging, …)';
    comment on column tn_ledger.number_status_history.valid_from is 'Begin of the interval: the date of the event where the API tells it, else when tn-ledger saw it';
    comment on column tn_ledger.number_status_history.valid_to is 'End of the interval, exclusive; null: still';
    comment on column tn_ledger.number_status_history.believed_since is 'When tn-ledger came to believe this';

    create table tn_ledger.number_status_history_superseded (
      account_id text collate "C" not null,
      telephone_number text collate "C" not null,
      status text not null,
      valid_from timestamptz not null,
      valid_to timestamptz,
      believed_from timestamptz not null,
      believed_to timestamptz not null
    );
    create index number_status_history_superseded_number
      on tn_ledger.number_status_history_superseded (account_id, telephone_number);
    comment on table tn_ledger.number_status_history_superseded is
      'What number_status_history said before later news replaced it, and when it was believed.';
    comment on column tn_ledger.number_status_history_superseded.account_id is 'Bandwidth account that holds the number';
    comment on column tn_ledger.number_status_history_superseded.telephone_number is 'The number, as in telephone_numbers';
    comment on column tn_ledger.number_status_history_superseded.status is 'Status in the interval';
    comment on column tn_ledger.number_status_history_superseded.valid_from is 'Begin of the interval as it was believed';
    comment on column tn_ledger.number_status_history_superseded.valid_to is 'End of the interval as it was believed; null: open';
    comment on column tn_ledger.number_status_history_superseded.believed_from is 'Since when it was believed';
    comment on column tn_ledger.number_status_history_superseded.believed_to is 'Until when it was believed';

    create table tn_ledger.sync_runs (
      run_id bigint generated always as identity primary key,
      job text not null,
      account_id text collate "C" not null,
      started_at timestamptz not null default clock_timestamp(),
      finished_at timestamptz,
      status text not null check (status in ('running', 'succeeded', 'failed', 'interrupted')),
      pages bigint not null default 0,
      rows_read bigint not null default 0,
      rows_written bigint not null default 0,
      error text,
      warnings jsonb not null default '[]'
    );
    create index sync_runs_job on tn_ledger.sync_runs (job, account_id, started_at desc);
    comment on table tn_ledger.sync_runs is 'Every run of every job, whatever became of it.';
    comment on column tn_ledger.sync_runs.run_id is 'Number of the run, rising';
    comment on column tn_ledger.sync_runs.job is 'Name of the job, as in tn-ledger run; a row of nightly is the sum of the rows of its jobs';
    comment on column tn_ledger.sync_runs.account_id is 'Bandwidth account that the run was for';
    comment on column tn_ledger.sync_runs.started_at is 'When the run began';
    comment on column tn_ledger.sync_runs.finished_at is 'When it ended; null while it runs';
    comment on column tn_ledger.sync_runs.status is 'running, succeeded, failed or interrupted';
    comment on column tn_ledger.sync_runs.pages is 'Pages read from the API by this run';
    comment on column tn_ledger.sync_runs.rows_read is 'Rows on those pages';
    comment on column tn_ledger.sync_runs.rows_written is 'Rows of the tables inserted, changed or closed; staging not counted';
    comment on column tn_ledger.sync_runs.error is 'Why it failed or was interrupted';
    comment on column tn_ledger.sync_runs.warnings is 'What the run noticed and went on with, as an array of sentences';

    create table tn_ledger.sync_cursors (
      account_id text collate "C" not null,
      listing text not null,
      state text not null check (state in ('reading', 'complete', 'held')),
      started_at timestamptz not null default clock_timestamp(),
      updated_at timestamptz not null default clock_timestamp(),
      next_page text,
      pages_read text[] not null default '{}',
      fingerprints text[] not null default '{}',
      rows_staged bigint not null default 0,
      first_total_count bigint,
      last_total_count bigint,
      primary key (account_id, listing)
    );
    comment on table tn_ledger.sync_cursors is 'Where each listing that is being read, or waits to be compared with the tables, stands.';
    comment on column tn_ledger.sync_cursors.account_id is 'Bandwidth account';
    comment on column tn_ledger.sync_cursors.listing is 'Name of the listing';
    comment on column tn_ledger.sync_cursors.state is 'reading; complete (proved, not yet compared with the tables); held (would close more numbers than allowed)';
    comment on column tn_ledger.sync_cursors.started_at is 'When its first page was read';
    comment on column tn_ledger.sync_cursors.updated_at is 'When its last page was committed';
    comment on column tn_ledger.sync_cursors.next_page is 'Cursor of the page to read next; null when the last one was read';
    comment on column tn_ledger.sync_cursors.pages_read is 'Cursors of the pages already read: none is read twice';
    comment on column tn_ledger.sync_cursors.fingerprints is 'Fingerprints of the pages already read: a page answered again is not taken for the next one';
    comment on column tn_ledger.sync_cursors.rows_staged is 'Rows that the staging table must hold';
    comment on column tn_ledger.sync_cursors.first_total_count is 'Size of the list as its first page told it';
    comment on column tn_ledger.sync_cursors.last_total_count is 'Size of the list as the last page read told it; another than the first means that the list changed while it was read';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table tn_ledger.sync_cursors;
    drop table tn_ledger.sync_runs;
    drop table tn_ledger.number_status_history_superseded;
    drop table tn_ledger.number_status_history;
    drop table tn_ledger.telephone_numbers;
    drop schema if exists tn_ledger_staging cascade;
  `);
}
