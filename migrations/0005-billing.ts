import type { Knex } from 'knex';

// Breaks nothing: it adds tables. Those of the records themselves, billing_<type>, are made when the first report of a type is
// loaded: its file says which columns there are.

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create function tn_ledger.billing_load(fact text) returns text language sql immutable parallel safe
      as $$ select current_setting('tn_ledger.billing_' || fact) $$;
    comment on function tn_ledger.billing_load(text) is
      'The account, report or file that is being loaded: the default of the columns that the files themselves do not have. It is declared immutable so that COPY works it out once and not for every row; a setting holds for one COPY.';

    create table tn_ledger.billing_reports (
      account_id text collate "C" not null,
      report_id text collate "C" not null,
      type text collate "C" not null,
      start_date date,
      end_date date,
      source text not null check (source in ('billingreports', 'bdrs', 'file')),
      requested_by text not null check (requested_by in ('night', 'command')),
      state text not null check (state in ('waiting', 'downloaded', 'loaded', 'kept', 'failed')),
      status text,
      description text,
      requested_at timestamptz,
      completed_at timestamptz,
      archive_file text,
      archive_bytes bigint,
      archive_sha256 text,
      files jsonb,
      row_count bigint,
      rejected_count bigint,
      loaded_at timestamptz,
      partitions text[],
      replaced_by text,
      error text,
      primary key (account_id, report_id),
      check (start_date <= end_date)
    );
    create index billing_reports_days on tn_ledger.billing_reports (account_id, type, start_date, end_date);
    comment on table tn_ledger.billing_reports is 'Every billing report that was requested from Bandwidth or loaded from a file, whatever became of it.';
    comment on column tn_ledger.billing_reports.account_id is 'Bandwidth account';
    comment on column tn_ledger.billing_reports.report_id is 'Id that Bandwidth gave the report; of an archive loaded by hand file- and the beginning of its SHA-256';
    comment on column tn_ledger.billing_reports.type is 'Type of report, as Bandwidth names it: BDR, MDR, INVOICE …';
    comment on column tn_ledger.billing_reports.start_date is 'First day that the report covers, in UTC';
    comment on column tn_ledger.billing_reports.end_date is 'Last day that it covers';
    comment on column tn_ledger.billing_reports.source is 'Resource of the API that it was requested from, or file for an archive loaded by hand';
    comment on column tn_ledger.billing_reports.requested_by is 'night (the job fetch-billing-reports) or command (tn-ledger billing)';
    comment on column tn_ledger.billing_reports.state is 'waiting (for Bandwidth), downloaded (not loaded yet), loaded, kept (nothing in it to load: an invoice), failed';
    comment on column tn_ledger.billing_reports.status is 'Status in Bandwidth''s own word, as last told';
    comment on column tn_ledger.billing_reports.description is 'What Bandwidth said with it';
    comment on column tn_ledger.billing_reports.requested_at is 'When it was requested; null for an archive loaded by hand';
    comment on column tn_ledger.billing_reports.completed_at is 'When Bandwidth was first seen to have it ready';
    comment on column tn_ledger.billing_reports.archive_file is 'Name of the archive in the folder downloads; null once it was removed there';
    comment on column tn_ledger.billing_reports.archive_bytes is 'Size of the archive';
    comment on column tn_ledger.billing_reports.archive_sha256 is 'SHA-256 of the archive, hexadecimal';
    comment on column tn_ledger.billing_reports.files is 'Files in the archive, as an array of name, bytes, rows and rejected (rows null: not loaded)';
    comment on column tn_ledger.billing_reports.row_count is 'Rows loaded from it; newer reports may have replaced some since';
    comment on column tn_ledger.billing_reports.rejected_count is 'Rows that could not be loaded: they are in billing_rejects';
    comment on column tn_ledger.billing_reports.loaded_at is 'When it was loaded';
    comment on column tn_ledger.billing_reports.partitions is 'Tables (months) into which its rows went';
    comment on column tn_ledger.billing_reports.replaced_by is 'Newer report that replaced all of its rows';
    comment on column tn_ledger.billing_reports.error is 'Why it failed, or why the last try to load it did';

    create table tn_ledger.billing_rejects (
      account_id text collate "C" not null default tn_ledger.billing_load('account_id'),
      report_id text collate "C" not null default tn_ledger.billing_load('report_id'),
      file_name text not null default tn_ledger.billing_load('file_name'),
      line_number bigint not null,
      reason text not null,
      line text
    );
    create index billing_rejects_report on tn_ledger.billing_rejects (account_id, report_id);
    comment on table tn_ledger.billing_rejects is 'Rows of billing reports that could not be loaded.';
    comment on column tn_ledger.billing_rejects.account_id is 'Bandwidth account';
    comment on column tn_ledger.billing_rejects.report_id is 'Report that the row is in';
    comment on column tn_ledger.billing_rejects.file_name is 'File in the archive';
    comment on column tn_ledger.billing_rejects.line_number is 'Line of the file on which the row begins; the header is line 1';
    comment on column tn_ledger.billing_rejects.reason is 'Why it could not be loaded';
    comment on column tn_ledger.billing_rejects.line is 'The row as it stands in the file; bytes that are no UTF-8 are shown as U+FFFD';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    do $$
    declare records regclass;
    begin
      for records in
        select oid from pg_class
         where relnamespace = 'tn_ledger'::regnamespace and relkind = 'p' and starts_with(relname, 'billing_')
      loop
        execute format('drop table %s', records);
      end loop;
    end
    $$;
    drop table tn_ledger.billing_rejects;
    drop table tn_ledger.billing_reports;
    drop function tn_ledger.billing_load(text);
  `);
}
