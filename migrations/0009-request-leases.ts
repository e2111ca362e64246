import type { Knex } from 'knex';
import { createTable, dropTables, identifier } from './create-table.js';

// Breaks nothing: it makes new tables.

export async function up(knex: Knex): Promise<void> {
  await createTable(knex, {
    name: 'request_permits',
    comment: "The API requests that count toward each account's rate limit, over all processes that use this database.",
    columns: {
      account_id: [`${identifier} not null`, 'Bandwidth account ID'],
      first_slot: [
        'bigint not null default 0',
        'Quarter second, counted from 1970, to which the first element of permits belongs',
      ],
      permits: [
        "integer[] not null default '{}'",
        'For each quarter second: how many permits stop counting toward the rate limit at its end',
      ],
      paused_until: ['timestamptz', 'No permits are granted before this time, because the API answered 429'],
    },
    primaryKey: ['account_id'],
    // A row changes several times per second. Its new versions fit on its page, so that no index changes.
    storage: 'fillfactor = 10',
  });
  await createTable(knex, {
    name: 'request_waiters',
    comment:
      'Processes that wait for permits. Each gets its permits before those that began to wait later, so none starves.',
    columns: {
      account_id: [`${identifier} not null`, 'Bandwidth account ID'],
      process_id: ['uuid not null', 'Random ID of the process'],
      permits: ['integer not null', 'How many permits it waits for'],
      waiting_since: ['timestamptz not null', 'When it began to wait'],
      expires_at: ['timestamptz not null', 'It loses its place if it does not ask again by then'],
    },
    primaryKey: ['account_id', 'process_id'],
  });
}

export const down = (knex: Knex) => dropTables(knex, ['request_waiters', 'request_permits']);
