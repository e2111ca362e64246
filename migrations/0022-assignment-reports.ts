import type { Knex } from 'knex';
import { createTable, dropTables, identifier, numberColumns } from './create-table.js';

// Breaks nothing: it makes new tables.

export async function up(knex: Knex): Promise<void> {
  await createTable(knex, {
    name: 'assignment_reports',
    comment:
      "Instances of Bandwidth's report End-User Phone Number Assignment that the job fetch-assignment-report created, at most one per account and period. The one in the state loaded is in assignment_report_numbers.",
    columns: {
      account_id: [`${identifier} not null`, 'Bandwidth account ID'],
      period_start: [
        'date not null',
        'Day (UTC) that the instance was created for, or Monday of its week: no second one is created for the same period',
      ],
      report_id: [`${identifier} not null`, "Bandwidth's ID of the report"],
      instance_id: [identifier, "Bandwidth's ID of the instance; null until it is known"],
      state: [
        "text not null check (state in ('requesting', 'waiting', 'downloaded', 'loaded', 'replaced', 'failed'))",
        'requesting (its ID is not known yet), waiting (for Bandwidth), downloaded (not loaded yet), loaded, replaced (it was loaded, and a later one has replaced its rows), failed',
      ],
      status: ['text', "Bandwidth's last status"],
      requested_at: ['timestamptz not null', "When tn-ledger asked for the instance, by the API's clock"],
      created_at: ['timestamptz', 'When the instance was requested, according to Bandwidth; null: not given'],
      ready_at: [
        'timestamptz',
        'When tn-ledger first found the instance ready. The report shows the numbers at some time between the request and this',
      ],
      expires_on: ['date', 'Last day on which Bandwidth keeps the file'],
      parameters: ['jsonb', 'Parameters of the instance by name'],
      other_instances: [
        'text[]',
        "IDs of the report's instances that existed before the request, by which a lost ID is found again; null once the ID is known",
      ],
      file_name: ['text', 'Name of the file in the folder downloads; only the latest of an account is kept there'],
      file_bytes: ['bigint', 'Size of the file'],
      file_sha256: ['text', 'SHA-256 of the file, hexadecimal'],
      columns: ['jsonb', 'Headings of the columns that were read, by what they are: number, status'],
      ignored_columns: [
        'text[]',
        'Headings of the other columns. Their values are not stored, because they may name end users',
      ],
      form_version: ['text', 'Version of the headings, from the form data'],
      row_count: ['bigint', 'Lines of the file below the headings that are not blank'],
      number_count: ['bigint', 'Different numbers in the file'],
      unknown_count: ['bigint', 'Numbers whose status is not understood or contradictory'],
      rejected_count: ['bigint', 'Lines without a number that can be read; they are in assignment_report_rejects'],
      loaded_at: ['timestamptz', 'When the report was loaded; null: it was not'],
      error: ['text', 'Why it failed, or why the last attempt to load it failed; null: it did not'],
    },
    primaryKey: ['account_id', 'period_start'],
    uniqueIndexes: {
      assignment_reports_instance: '(account_id, report_id, instance_id)',
      assignment_reports_loaded: `(account_id) where state = 'loaded'`,
      assignment_reports_open: `(account_id) where state in ('requesting', 'waiting', 'downloaded')`,
    },
  });
  await createTable(knex, {
    name: 'assignment_report_numbers',
    comment:
      "Numbers of each account's latest loaded report in assignment_reports. A number that the report doesn't list is not thereby unassigned: Bandwidth doesn't document that the report is complete. assignment_report_differences() compares them with the ledger.",
    columns: {
      ...numberColumns,
      assignment_status: [
        "text check (assignment_status in ('ASSIGNED', 'UNASSIGNED'))",
        'Assignment status in the report: ASSIGNED, UNASSIGNED, or null if the status is not understood or contradictory',
      ],
      given_status: [
        'text not null',
        'The status as the report writes it; two of them if its lines contradict each other',
      ],
    },
    primaryKey: ['account_id', 'telephone_number'],
  });
  await createTable(knex, {
    name: 'assignment_report_rejects',
    comment: "Lines of each account's latest loaded report that have no number that can be read.",
    columns: {
      account_id: [`${identifier} not null`, 'Bandwidth account ID'],
      line_number: ['integer not null', 'Line of the file that the row starts on'],
      reason: ['text not null', 'Why the number cannot be read'],
      number: ['text not null', 'The cell of the number as it is in the file'],
      status: ['text not null', 'The cell of the status as it is in the file'],
    },
    primaryKey: ['account_id', 'line_number'],
  });
}

export const down = (knex: Knex) =>
  dropTables(knex, ['assignment_report_rejects', 'assignment_report_numbers', 'assignment_reports']);
