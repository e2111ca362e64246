import type { Knex } from 'knex';
import * as m0001 from './0001-numbers-and-runs.js';
import * as m0002 from './0002-orders.js';
import * as m0003 from './0003-history.js';
import * as m0004 from './0004-assignment-batches.js';
import * as m0005 from './0005-billing.js';
import * as m0006 from './0006-nruf.js';
import * as m0007 from './0007-number-owners.js';
import * as m0008 from './0008-import-orders.js';
import * as m0009 from './0009-list-filters.js';
import * as m0010 from './0010-inbox-files-and-outcomes.js';
import * as m0011 from './0011-cursor-origin.js';
import * as m0012 from './0012-nruf-rules.js';
import * as m0013 from './0013-change-feed.js';

/** One step of the schema. Names carry no file extension, so that source and compiled code share one history. */
export interface Migration {
  name: string;
  up(knex: Knex): Promise<void>;
  down(knex: Knex): Promise<void>;
}

/** Every migration, oldest first. An applied migration is never edited: what it got wrong, a later one mends. */
export const migrations: readonly Migration[] = [
  { name: '0001-numbers-and-runs', ...m0001 },
  { name: '0002-orders', ...m0002 },
  { name: '0003-history', ...m0003 },
  { name: '0004-assignment-batches', ...m0004 },
  { name: '0005-billing', ...m0005 },
  { name: '0006-nruf', ...m0006 },
  { name: '0007-number-owners', ...m0007 },
  { name: '0008-import-orders', ...m0008 },
  { name: '0009-list-filters', ...m0009 },
  { name: '0010-inbox-files-and-outcomes', ...m0010 },
  { name: '0011-cursor-origin', ...m0011 },
  { name: '0012-nruf-rules', ...m0012 },
  { name: '0013-change-feed', ...m0013 },
];
