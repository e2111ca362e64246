import type { Knex } from 'knex';
import { createTable, dropTables, identifier } from './create-table.js';

// Breaks nothing: it makes a new table.

const rateCenters = {
  name: 'rate_centers',
  comment:
    'Rate centers that Bandwidth or its partners cover, the same for all accounts, read once a month (coveredRateCenters). A rate center that is not here may exist: Bandwidth does not cover all. Rows are never removed.',
  columns: {
    rate_center_id: [`${identifier} not null`, "Bandwidth's ID of the rate center"],
    name: ['text', 'Name: BEVERLY HILLS'],
    abbreviation: ['text', 'Official abbreviation, which filings use: BEVERLYHLS'],
    state: ['text', 'State or province, two letters'],
    lata: ['text', 'LATA'],
    raw: ['jsonb', 'What else the list says about it; null if nothing'],
    first_listed_at: ['timestamptz not null', 'When it was first in the list'],
    last_listed_at: [
      'timestamptz not null',
      'When it was last in the list; earlier than the latest of all: Bandwidth no longer covers it',
    ],
  },
  primaryKey: ['rate_center_id'],
  indexes: {
    rate_centers_abbreviation: '(upper(abbreviation), state)',
    rate_centers_name: '(upper(name), state)',
    rate_centers_last_listed_at: '(last_listed_at)',
  },
} as const;

export const up = (knex: Knex) => createTable(knex, rateCenters);
export const down = (knex: Knex) => dropTables(knex, [rateCenters.name]);
