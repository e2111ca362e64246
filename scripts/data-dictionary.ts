import type pg from 'pg';
import { type Relation, readRelations } from '../src/database/catalog.js';
import { markdownTable } from './markdown-table.js';

const functions = `
  select p.proname as name, pg_get_function_arguments(p.oid) as arguments, obj_description(p.oid, 'pg_proc') as comment
  from pg_proc p
  where p.pronamespace = 'tn_ledger'::regnamespace and p.prorettype <> 'trigger'::regtype
  order by p.proname collate "C"`;

/** Returns docs/data-dictionary.md, made from the comments in a database with the current schema. */
export async function dataDictionaryPage(pool: pg.Pool): Promise<string> {
  const rows = await readRelations(pool);
  const made = await pool.query<{ name: string; arguments: string; comment: string }>(functions);
  const tables = rows.filter(({ isView }) => !isView);
  const views = rows.filter(({ isView }) => isView);
  return `<!-- Generated from the comments in the database by \`npm run docs\`. -->

# Data dictionary

All tables and views are in the schema \`tn_ledger\`. Times are \`timestamp with time zone\`, in UTC. The tables of billing records,
\`billing_<type>\`, are created when the first report of a type is loaded, with a column for each column of its files.

## Tables

${tables.map(toSection).join('\n\n')}

## Views

${views.map(toSection).join('\n\n')}

## Functions

${markdownTable(
  ['function', 'description'],
  made.rows.map((each) => [`\`${each.name}(${each.arguments})\``, each.comment]),
)}
`;
}

function toSection({ name, comment, isView, key, columns }: Relation): string {
  const rows = columns.map((column) => [
    `\`${column.name}\``,
    `${column.type}${isView || column.nullable ? '' : ', not null'}`,
    column.comment ?? '',
  ]);
  const about = [
    (comment ?? '').replace(/\.?$/, '.'),
    ...(key === null ? [] : [`${key.replace('PRIMARY KEY', 'Primary key:')}.`]),
  ];
  return `### ${name}\n\n${about.join(' ')}\n\n${markdownTable(['column', 'type', 'description'], rows)}`;
}
