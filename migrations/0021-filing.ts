import type { Knex } from 'knex';
import { createTable, dropTables, identifier } from './create-table.js';

const filingColumns = {
  due_on: ['date', 'Day on which the filing is due, if tn-ledger filing prepare made it; null: tn-ledger nruf did'],
  ocn: ['text', 'Operating company number that it is filed under; null: none was given'],
  company: ['json', "Values of the form's company page, by heading; null: the file has none"],
  form_version: ['text', 'Version of the headings, from the form data; null: made before versions were kept'],
} as const;

export async function up(knex: Knex): Promise<void> {
  for (const [column, [type, comment]] of Object.entries(filingColumns)) {
    await knex.raw(`alter table tn_ledger.nruf_filings add column ${column} ${type}`);
    await knex.raw(`comment on column tn_ledger.nruf_filings.${column} is '${comment.replaceAll("'", "''")}'`);
  }
  await knex.raw(`comment on table tn_ledger.nruf_filings is
    'Every file that tn-ledger filing prepare or tn-ledger nruf --out wrote, byte for byte, with its parameters. Rows are never removed: the records behind a filing must be kept for five years.'`);
  await createTable(knex, {
    name: 'rnd_reports',
    comment:
      'Every file for the Reassigned Numbers Database that tn-ledger rnd --out wrote. Rows are never removed: they show which disconnects were reported.',
    columns: {
      report_id: ['bigint generated always as identity', 'Number of the report, ascending'],
      first_day: ['date not null', 'First day (UTC) of the disconnects'],
      last_day: ['date not null', 'Last day (UTC) of the disconnects, inclusive'],
      accounts: ['text[]', 'Accounts of the report; null: all'],
      created_at: ['timestamptz not null default now()', 'When the report was made'],
      file_name: ['text not null', 'Name of the file'],
      sha256: ['text not null', 'SHA-256 of the file, hexadecimal'],
      row_count: ['integer not null', 'Number of rows, without the header'],
      form_version: ['text not null', 'Version of the headings, from the form data'],
    },
    primaryKey: ['report_id'],
  });
  await createTable(knex, {
    name: 'rnd_report_numbers',
    comment: 'The numbers of each report for the Reassigned Numbers Database.',
    columns: {
      report_id: ['bigint not null references tn_ledger.rnd_reports', 'The report, as in rnd_reports'],
      telephone_number: [`${identifier} not null`, 'The number, as in telephone_numbers'],
      disconnected_on: ['date not null', 'Day (UTC) of the permanent disconnect that was reported'],
      account_id: [`${identifier} not null`, 'Bandwidth account ID'],
    },
    primaryKey: ['report_id', 'telephone_number'],
    indexes: { rnd_report_numbers_number: '(telephone_number, disconnected_on)' },
  });
}

export async function down(knex: Knex): Promise<void> {
  await dropTables(knex, ['rnd_report_numbers', 'rnd_reports']);
  const columns = Object.keys(filingColumns).map((column) => `drop column ${column}`);
  await knex.raw(`alter table tn_ledger.nruf_filings ${columns.join(', ')}`);
}
