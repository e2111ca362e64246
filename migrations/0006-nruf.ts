import type { Knex } from 'knex';
import { createDeclarations, dropDeclarations } from './nruf/declarations.js';
import { createFilings, dropFilings } from './nruf/filings.js';
import { createIntervals, dropIntervals } from './nruf/intervals.js';

// Breaks nothing: it makes new tables.

export async function up(knex: Knex): Promise<void> {
  await createDeclarations(knex);
  await createIntervals(knex);
  await createFilings(knex);
}

export async function down(knex: Knex): Promise<void> {
  await dropFilings(knex);
  await dropIntervals(knex);
  await dropDeclarations(knex);
}
