import type { Knex } from 'knex';
import { createCounting, dropCounting } from './nruf/counting.js';
import { createDeclarations, dropDeclarations } from './nruf/declarations.js';
import { createFilings, dropFilings } from './nruf/filings.js';
import { createIntervals, dropIntervals } from './nruf/intervals.js';

// Breaks nothing: it makes new tables and functions, and triggers that note which tables were written.
//
// knex takes a question mark for a parameter wherever it stands: there is none in these statements.

export async function up(knex: Knex): Promise<void> {
  await createDeclarations(knex);
  await createIntervals(knex);
  await createCounting(knex);
  await createFilings(knex);
}

export async function down(knex: Knex): Promise<void> {
  await dropFilings(knex);
  await dropCounting(knex);
  await dropIntervals(knex);
  await dropDeclarations(knex);
}
