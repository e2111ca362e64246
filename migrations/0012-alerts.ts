import type { Knex } from 'knex';
import { createTable, dropTables, identifier } from './create-table.js';

// Breaks nothing: earlier versions leave the new columns null, and don't know the new table.

const runColumns = {
  hint: 'How to fix the error, with the command; null if there is no error, or no known fix',
  cause:
    'Kind of the error, by which alerts group failures: UnavailableError (the API), OutageError (the database), CredentialsError and others; null if there is no error, and for runs of earlier versions',
};

export async function up(knex: Knex): Promise<void> {
  for (const [name, comment] of Object.entries(runColumns)) {
    await knex.raw(`alter table tn_ledger.sync_runs add column ${name} text`);
    await knex.raw(`comment on column tn_ledger.sync_runs.${name} is '${comment}'`);
  }
  await createTable(knex, {
    name: 'alerts',
    comment: 'Messages to the operators, one row per cause and channel, so that several hosts send each only once.',
    columns: {
      cause: [`${identifier} not null`, 'What the message is about'],
      channel: [`${identifier} not null`, 'Where it is sent: webhook, email or ping'],
      topic: [`${identifier} not null`, 'Causes of one topic share a message'],
      problems: [
        "jsonb not null default '[]'",
        'For a failure: the runs that the message lists, as account, job and since',
      ],
      host: [
        'text',
        'The host that failed to start or plan runs; null for a failure that every host sees in the database',
      ],
      attempted_at: ['timestamptz', 'When a host began to send the message; null once it is sent'],
      alerted_at: ['timestamptz', 'When the message was last sent; null: not yet'],
      recovered_at: [
        'timestamptz',
        'When the message that the failure is over was sent; null: not yet, or not a failure',
      ],
    },
    primaryKey: ['cause', 'channel'],
  });
}

export async function down(knex: Knex): Promise<void> {
  await dropTables(knex, ['alerts']);
  for (const name of Object.keys(runColumns)) await knex.raw(`alter table tn_ledger.sync_runs drop column ${name}`);
}
