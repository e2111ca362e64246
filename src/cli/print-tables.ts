import { type Relation, readRelations } from '../database/catalog.js';
import { type ExitStatus, exitStatus } from '../errors.js';
import { findNamed } from '../nearest.js';
import { formatTable } from './format.js';
import { openLedgerToRead } from './open-ledger.js';
import { printResult } from './print-result.js';
import type { Session } from './session.js';

/** Prints all tables and views, or the columns of one. */
export async function printTables(session: Session, name: string | undefined, json: boolean): Promise<ExitStatus> {
  const relations = await readRelations((await openLedgerToRead(session)).pool);
  if (name === undefined) {
    printResult(json ? toJson(relations.map(summaryOf)) : formatRelations(relations), { json });
  } else {
    const relation = findRelation(relations, name);
    printResult(json ? toJson({ ...summaryOf(relation), columns: relation.columns }) : formatRelation(relation), {
      json,
    });
  }
  return exitStatus.done;
}

/**
 * Finds a table or view by its name, with or without the schema.
 *
 * @throws {UsageError} there is none; suggests the closest name
 */
export function findRelation(relations: readonly Relation[], name: string): Relation {
  return findNamed(relations, name.replace(/^tn_ledger\./, ''), 'table or view');
}

/** The tables and views with their descriptions. */
export function formatRelations(relations: readonly Relation[]): string {
  const rows = relations.map(({ name, isView, comment }) => [name, isView ? 'view' : 'table', comment ?? '']);
  return formatTable(['name', 'kind', 'description'], rows, { width: process.stdout.columns });
}

/** The description, key and columns of a table or view. */
export function formatRelation({ name, isView, comment, key, columns }: Relation): string {
  const rows = columns.map((column) => [
    column.name,
    `${column.type}${isView || column.nullable ? '' : ' not null'}`,
    column.comment ?? '',
  ]);
  return [
    `${isView ? 'View' : 'Table'} tn_ledger.${name}: ${comment ?? 'no description'}`,
    ...(key === null ? [] : [key.replace('PRIMARY KEY', 'Primary key:')]),
    '',
    formatTable(['column', 'type', 'description'], rows, { width: process.stdout.columns }),
  ].join('\n');
}

function summaryOf({ name, isView, comment, key }: Relation): object {
  return { name, kind: isView ? 'view' : 'table', description: comment, key };
}

function toJson(value: unknown): string {
  return JSON.stringify(value, null, 2);
}
