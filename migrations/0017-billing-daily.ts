import type { Knex } from 'knex';
import { createTable, dropTables, identifier } from './create-table.js';

// Breaks nothing: an earlier version leaves the new columns null, and the next run of this one rolls up what it loaded.

export async function up(knex: Knex): Promise<void> {
  await createTable(knex, {
    name: 'billing_daily',
    comment:
      'Calls and messages per number and day (UTC), rolled up from the records of BDR and MDR reports and kept when the records are pruned. The sum of amount is that of the BDR records, and the sum of records is their number. Sum over the reports: a day may have records of several.',
    columns: {
      account_id: [`${identifier} not null`, 'Bandwidth account ID'],
      telephone_number: [
        identifier,
        'Ten digits for a NANP number; E.164 with + for any other; digits for a short code. Every number of the account that a record names, also as the other end of a call between two of them; if a record names none, the number that it is billed to by its call type. Null: the record has no number there',
      ],
      day: ['date', 'Day (UTC) that the call started or the message was received; null: the record has no usable time'],
      direction: [
        "text not null check (direction in ('outbound', 'inbound'))",
        'outbound: the number is the source of the records; inbound: it is their destination',
      ],
      report_id: [`${identifier} not null`, 'Report that the records came with, as in billing_reports'],
      records: [
        'bigint not null',
        'Records that are billed to this number, and not to the other end of a call between two numbers of the account; the sum is the number of records',
      ],
      calls: ['bigint not null', 'Calls (BDR); a call between two numbers of the account is counted for both'],
      seconds: [
        'bigint not null',
        'Duration of the calls as billed, in seconds; Bandwidth rounds each call up to a multiple of six',
      ],
      minutes: ['numeric generated always as (seconds / 60.0) stored', 'The same in minutes'],
      amount: [
        'numeric not null',
        'Amount of the calls that are billed to this number, before taxes; a call between two numbers of the account is billed to one. Records name no currency: it is that of the contract with Bandwidth',
      ],
      messages: [
        'bigint not null',
        'Message records (MDR); the segments of a long message are records of their own, with the same message_id',
      ],
    },
    // Unique by account, number, day, direction and report, by the statement that writes a report's rows. An index that enforced it
    // would be wide, and cost every load as much as the rows themselves.
    indexes: {
      billing_daily_number: '(account_id, telephone_number, day)',
      billing_daily_report: '(account_id, report_id, day)',
      billing_daily_day: 'using brin (day)',
    },
  });
  await knex.raw(
    'alter table tn_ledger.billing_reports add column rolled_up_at timestamptz, add column pruned_count bigint',
  );
  await knex.raw(`
    comment on column tn_ledger.billing_reports.rolled_up_at is
      'When its rows were last rolled up into billing_daily; null: not yet, or rows of its type are not rolled up';
    comment on column tn_ledger.billing_reports.pruned_count is
      'Rows that tn-ledger prune removed with their months; billing_daily keeps what they add up to. Null: none';
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('alter table tn_ledger.billing_reports drop column rolled_up_at, drop column pruned_count');
  await dropTables(knex, ['billing_daily']);
}
