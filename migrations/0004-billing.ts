import type { Knex } from 'knex';
import { createTable, dropTables, identifier } from './create-table.js';

// The tables of the records themselves, billing_<type>, are created when the first report of a type is loaded: its file says which
// columns there are (src/billing/records-table.ts).

export async function up(knex: Knex): Promise<void> {
  // Not a repeatable migration: the columns' defaults need it.
  await knex.raw(`
    create function tn_ledger.billing_load(fact text) returns text language sql immutable parallel safe
      as $$ select current_setting('tn_ledger.billing_' || fact) $$;
    comment on function tn_ledger.billing_load(text) is
      'The account, report or file that is being loaded: the default of the columns that the files do not have. Declared immutable so that COPY evaluates it once instead of for every row; a setting lasts for one COPY.';
  `);
  await createTable(knex, {
    name: 'billing_reports',
    comment:
      'Every billing report that was requested from Bandwidth or loaded from a file, including those that failed.',
    columns: {
      account_id: [`${identifier} not null`, 'Bandwidth account ID'],
      report_id: [
        `${identifier} not null`,
        "Bandwidth's ID of the report; file- and the start of its SHA-256 for an archive loaded by hand",
      ],
      type: [`${identifier} not null`, "Bandwidth's name of the report's type: BDR, MDR, INVOICE, …"],
      start_date: ['date', 'First day that the report covers, UTC'],
      end_date: ['date', 'Last day that the report covers, UTC'],
      source: [
        "text not null check (source in ('billingreports', 'bdrs', 'file'))",
        'API resource that it was requested from, or file for an archive loaded by hand',
      ],
      requested_by: [
        "text not null check (requested_by in ('night', 'command'))",
        'night (the job fetch-billing-reports) or command (tn-ledger billing)',
      ],
      state: [
        "text not null check (state in ('waiting', 'downloaded', 'loaded', 'kept', 'failed'))",
        'waiting (for Bandwidth), downloaded (not loaded yet), loaded, kept (the archive has nothing to load: an invoice), failed',
      ],
      status: ['text', "Bandwidth's last status"],
      description: ['text', "Bandwidth's text for that status"],
      requested_at: ['timestamptz', 'When the report was requested; null for an archive loaded by hand'],
      completed_at: ['timestamptz', 'When Bandwidth was first found to have the report ready'],
      archive_file: ['text', 'Name of the archive in the folder downloads; null once it was removed from there'],
      archive_bytes: ['bigint', 'Size of the archive in bytes'],
      archive_sha256: ['text', 'SHA-256 of the archive, hexadecimal'],
      files: ['jsonb', 'Files in the archive: an array of name, bytes, rows and rejected (rows null: not loaded)'],
      row_count: ['bigint', 'Rows that were loaded; later reports may have replaced some of them'],
      rejected_count: ['bigint', 'Rows that could not be loaded and are in billing_rejects'],
      loaded_at: ['timestamptz', 'When the report was loaded; null: it was not'],
      partitions: ['text[]', 'Partitions (months) that its rows were loaded into'],
      replaced_by: ['text', 'Later report that replaced all of its rows; null: none'],
      error: ['text', 'Why the report failed, or why the last attempt to load it failed; null: it did not'],
      requested_end_date: [
        'date',
        'Last day of the requested range if it is later than end_date (Bandwidth refuses a range of one day): rows after end_date are not loaded; null if the range ends with end_date',
      ],
    },
    primaryKey: ['account_id', 'report_id'],
    constraints: {
      billing_reports_days_check: 'check (start_date <= end_date)',
      billing_reports_requested_days_check: 'check (requested_end_date > end_date)',
    },
    indexes: {
      billing_reports_days: '(account_id, type, start_date, end_date)',
      billing_reports_archive: '(archive_file) where archive_file is not null',
      billing_reports_failed: `(requested_at) where state = 'failed' and replaced_by is null`,
    },
  });
  await createTable(knex, {
    name: 'billing_rejects',
    comment: 'Rows of billing reports that could not be loaded.',
    columns: {
      account_id: [`${identifier} not null default tn_ledger.billing_load('account_id')`, 'Bandwidth account ID'],
      report_id: [
        `${identifier} not null default tn_ledger.billing_load('report_id')`,
        'Report that contains the row, as in billing_reports',
      ],
      file_name: ["text not null default tn_ledger.billing_load('file_name')", 'File in the archive'],
      line_number: ['bigint not null', 'Line of the file that the row starts on; the header is line 1'],
      reason: ['text not null', 'Why the row could not be loaded'],
      line: ['text', 'The row as it is in the file; bytes that are not UTF-8 are shown as U+FFFD'],
    },
    indexes: { billing_rejects_report: '(account_id, report_id)' },
  });
  await createTable(knex, {
    name: 'sync_billing_days',
    comment:
      "Days for which billing reports have rows in billing_<type>. The nightly run warns of a day whose rows are gone, unless the table of its month was dropped; to delete a day's rows on purpose, delete the day here too.",
    columns: {
      account_id: [`${identifier} not null`, 'Bandwidth account ID'],
      report_id: [`${identifier} not null`, 'Report that the rows came with, as in billing_reports'],
      type: [`${identifier} not null`, "Bandwidth's name of the report's type"],
      day: ['date not null', "Day (UTC) of the rows' time; the first day of the report if its rows have no time"],
      row_count: [
        'bigint not null check (row_count > 0)',
        'Rows of the report on that day when it was loaded, less those that newer reports replaced by whole days',
      ],
    },
    primaryKey: ['account_id', 'report_id', 'day'],
    constraints: {
      sync_billing_days_report:
        'foreign key (account_id, report_id) references tn_ledger.billing_reports on delete cascade',
    },
    indexes: { sync_billing_days_day: '(account_id, type, day)' },
  });
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
    $$`);
  await dropTables(knex, ['sync_billing_days', 'billing_rejects', 'billing_reports']);
  await knex.raw('drop function tn_ledger.billing_load(text)');
}
