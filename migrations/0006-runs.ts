import type { Knex } from 'knex';
import { type Columns, createTable, dropTables, identifier } from './create-table.js';

// Runs of jobs, and how far each list of the API was read.

const listingColumns: Columns = {
  account_id: [`${identifier} not null`, 'Bandwidth account ID'],
  listing: ['text not null', 'Name of the list'],
};

export async function up(knex: Knex): Promise<void> {
  await createTable(knex, {
    name: 'sync_runs',
    comment: 'Every run of every job, whether it succeeded or not.',
    columns: {
      run_id: ['bigint generated always as identity', 'Number of the run, ascending'],
      job: [
        'text not null',
        'Name of the job, as in tn-ledger run; a row of nightly is the sum of the rows of its jobs',
      ],
      account_id: [`${identifier} not null`, 'Bandwidth account ID that the run was for'],
      started_at: ['timestamptz not null default clock_timestamp()', 'When the run started'],
      finished_at: ['timestamptz', 'When the run ended; null while it is running'],
      status: [
        "text not null check (status in ('running', 'succeeded', 'failed', 'interrupted'))",
        'running, succeeded, failed or interrupted',
      ],
      pages: ['bigint not null default 0', 'Pages that the run read from the API'],
      rows_read: ['bigint not null default 0', 'Rows on those pages'],
      rows_written: [
        'bigint not null default 0',
        'Rows of tables inserted, changed or closed; staging tables not counted',
      ],
      error: ['text', 'Why the run failed or was interrupted; null if it succeeded or is running'],
      warnings: ["jsonb not null default '[]'", 'Problems that did not stop the run: an array of sentences'],
      changes_until: [
        'timestamptz',
        "Every change found before this time was visible to this run's report; if the run made no report, the change was committed before the run started. Later changes belong to the next run. Null: unknown, because another user's transaction was writing and this user may not see when it started",
      ],
    },
    primaryKey: ['account_id', 'run_id'],
    indexes: {
      sync_runs_started: '(account_id, job, started_at desc, run_id desc)',
      sync_runs_run: '(account_id, job, run_id desc)',
      sync_runs_not_succeeded: `(started_at) where status <> 'succeeded'`,
      sync_runs_succeeded: `(account_id, job, finished_at) where status = 'succeeded'`,
      sync_runs_changes: `(account_id, job, changes_until) where status = 'succeeded'`,
    },
  });
  await createTable(knex, {
    name: 'sync_cursors',
    comment: 'How far each list that is being read, or is read and not yet applied, has come.',
    columns: {
      ...listingColumns,
      state: [
        "text not null check (state in ('reading', 'complete', 'held'))",
        'reading; complete (verified, not applied yet); held (would close more numbers than allowed)',
      ],
      started_at: ['timestamptz not null default clock_timestamp()', 'When the first page was read'],
      updated_at: ['timestamptz not null default clock_timestamp()', 'When the last page was committed'],
      next_page: ['text', 'Cursor of the next page; null once the last page was read'],
      pages_read: ["text[] not null default '{}'", 'Cursors of the pages already read, none of which is read again'],
      fingerprints: [
        "text[] not null default '{}'",
        'Fingerprints of the pages already read, by which a page that is returned a second time is recognized',
      ],
      rows_staged: ['bigint not null default 0', 'How many rows the staging table must hold'],
      first_total_count: ['bigint', 'TotalCount on the first page'],
      last_total_count: [
        'bigint',
        'TotalCount on the last page read; if it differs from the first, the list changed while it was read',
      ],
      window_from: ['date', 'First day of the date window that is being read; null for a list without windows'],
      window_to: ['date', 'Last day of the date window that is being read; null for a list without windows'],
      rows_left_out: ['bigint not null default 0', 'Entries of the list without an ID, which were not staged'],
      api_url: ['text', 'API address that the pages were read from; a list is not resumed at another address'],
      page_size: ['integer', 'Page size, which must not change within a list; null if none was sent'],
    },
    primaryKey: ['account_id', 'listing'],
  });
  await createTable(knex, {
    name: 'sync_watermarks',
    comment: 'Up to which day each list that is read by date windows was read completely.',
    columns: {
      ...listingColumns,
      since: ['date not null', 'First day (UTC) that was read'],
      read_to: ['date not null', 'Last day (UTC) that was read; the next run starts three days before it'],
      updated_at: ['timestamptz not null default clock_timestamp()', 'When read_to last moved'],
    },
    primaryKey: ['account_id', 'listing'],
  });
  await createTable(knex, {
    name: 'sync_date_filters',
    comment: 'Format in which the API reads the days in the date filter of each list that is read by date windows.',
    columns: {
      ...listingColumns,
      date_format: ["text not null check (date_format in ('yyyy-MM-dd', 'yy-MM-dd'))", 'Format of the days'],
      api_url: ['text not null', 'API address that was asked; at another address the format is tested again'],
      proved_at: [
        'timestamptz',
        'When a filtered request returned an entry and an impossible range did not; null while it is only known that the other format is refused',
      ],
      updated_at: ['timestamptz not null default clock_timestamp()', 'When this row was last written'],
    },
    primaryKey: ['account_id', 'listing'],
  });
  await createTable(knex, {
    name: 'sync_billing_ranges',
    comment:
      'Types of billing report for which Bandwidth refuses a range whose end equals its start (15501): a day is requested together with the next one.',
    columns: {
      account_id: [`${identifier} not null`, 'Bandwidth account ID'],
      type: [`${identifier} not null`, "Bandwidth's name of the report's type, as in billing_reports"],
      source: ["text not null check (source in ('billingreports', 'bdrs'))", 'API resource, as in billing_reports'],
      refused_at: [
        'timestamptz not null default clock_timestamp()',
        'When Bandwidth refused a range of one day and accepted one of two days',
      ],
    },
    primaryKey: ['account_id', 'type', 'source'],
  });
}

export async function down(knex: Knex): Promise<void> {
  await dropTables(knex, ['sync_billing_ranges', 'sync_date_filters', 'sync_watermarks', 'sync_cursors', 'sync_runs']);
}
