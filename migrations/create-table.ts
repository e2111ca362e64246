import type { Knex } from 'knex';

// Frozen: migrations import this file, and a migration that has landed must always make the same schema. A later migration that
// needs something else gets a helper of its own. test/database/landed-migrations.test.ts holds the checksums.

/** By name: the definition in SQL, and the comment that describes the column to whoever queries it. */
export type Columns = Readonly<Record<string, readonly [definition: string, comment: string]>>;

/** A table of the schema `tn_ledger`. */
export interface Table {
  name: string;
  comment: string;
  columns: Columns;
  primaryKey?: readonly string[];
  /** Constraints on several columns: by name, the SQL after it. */
  constraints?: Readonly<Record<string, string>>;
  /** By name, the SQL after `on <table>`: `(account_id, order_date)`. */
  indexes?: Readonly<Record<string, string>>;
  uniqueIndexes?: Readonly<Record<string, string>>;
  /** Storage parameters, as in SQL: `fillfactor = 50`. */
  storage?: string;
}

/** Identifiers are compared and sorted as bytes: the same order on every server, and several times cheaper than a language's. */
export const identifier = 'text collate "C"';

/** What tables of numbers begin with. */
export const numberColumns = {
  account_id: [`${identifier} not null`, 'Bandwidth account ID'],
  telephone_number: [`${identifier} not null`, 'Ten digits for a NANP number; E.164 with + for any other'],
} as const satisfies Columns;

/** Creates a table with its constraints, indexes and comments. */
export async function createTable(knex: Knex, table: Table): Promise<void> {
  const name = `tn_ledger.${table.name}`;
  const { columns, primaryKey, constraints = {}, indexes = {}, uniqueIndexes = {}, storage } = table;
  const parts = [
    ...Object.entries(columns).map(([column, [definition]]) => `${column} ${definition}`),
    ...(primaryKey === undefined ? [] : [`primary key (${primaryKey.join(', ')})`]),
    ...Object.entries(constraints).map(([constraint, sql]) => `constraint ${constraint} ${sql}`),
  ];
  const statements = [
    `create table ${name} (${parts.join(', ')})${storage === undefined ? '' : ` with (${storage})`}`,
    ...Object.entries(indexes).map(([index, sql]) => `create index ${index} on ${name} ${sql}`),
    ...Object.entries(uniqueIndexes).map(([index, sql]) => `create unique index ${index} on ${name} ${sql}`),
    `comment on table ${name} is ${quote(table.comment)}`,
    ...Object.entries(columns).map(([column, [, text]]) => `comment on column ${name}.${column} is ${quote(text)}`),
  ];
  // Knex takes a question mark for a parameter.
  await knex.raw(statements.join(';\n').replaceAll('?', '\\?'));
}

/** Drops tables of the schema `tn_ledger`, in the order given. */
export async function dropTables(knex: Knex, names: readonly string[]): Promise<void> {
  await knex.raw(names.map((name) => `drop table tn_ledger.${name}`).join(';\n'));
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
