import type { Knex } from 'knex';
import { createTable, dropTables } from './create-table.js';

// Breaks nothing: it makes a new table.

export async function up(knex: Knex): Promise<void> {
  await createTable(knex, {
    name: 'upkeep_tasks',
    comment: 'What tn-ledger schedule does once per ledger after the nightly runs, on one of the hosts.',
    columns: {
      task: ["text not null check (task in ('backup', 'prune'))", 'backup (TN_LEDGER_BACKUP_DIR) or prune'],
      ledger_id: [
        'uuid not null default gen_random_uuid()',
        'Random ID. Scheduled backups have that of the task backup, so that those of another ledger in the same folder are never removed. A restored ledger has another ID',
      ],
      host: ['text', 'Host of the last attempt; null: there was none'],
      started_at: ['timestamptz', 'When the last attempt started'],
      finished_at: [
        'timestamptz',
        'When the last attempt ended; null while it is in progress, or if its process was killed',
      ],
      error: ['text', 'Why the last attempt failed; null if it succeeded or has not ended'],
      succeeded_at: ['timestamptz', 'When the last successful attempt ended; null: never'],
      night: ['timestamptz', 'The latest nightly run when the last successful attempt started'],
      result: ['text', 'Outcome of the last successful attempt, as a sentence'],
    },
    primaryKey: ['task'],
  });
  await knex.raw(`insert into tn_ledger.upkeep_tasks (task) values ('backup'), ('prune')`);
}

export const down = (knex: Knex) => dropTables(knex, ['upkeep_tasks']);
