import type pg from 'pg';
import { markdownTable } from './markdown-table.js';

interface Relation {
  name: string;
  comment: string;
  isView: boolean;
  key: string | null;
  columns: { name: string; type: string; nullable: boolean; comment: string }[];
}

/** Tables of the migration tools. */
const internal = ['knex_migrations', 'knex_migrations_lock', 'repeatable_migrations'];

const relations = `
  select c.relname as name, obj_description(c.oid, 'pg_class') as comment, c.relkind = 'v' as "isView",
    (select pg_get_constraintdef(k.oid) from pg_constraint k where k.conrelid = c.oid and k.contype = 'p') as key,
    (select json_agg(json_build_object(
        'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'nullable', not a.attnotnull,
        'comment', col_description(c.oid, a.attnum)) order by a.attnum)
       from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
  from pg_class c
  where c.relnamespace = 'tn_ledger'::regnamespace and c.relkind in ('r', 'v') and c.relname <> all ($1)
  order by c.relname collate "C"`;

const functions = `
  select p.proname as name, pg_get_function_arguments(p.oid) as arguments, obj_description(p.oid, 'pg_proc') as comment
  from pg_proc p
  where p.pronamespace = 'tn_ledger'::regnamespace and p.prorettype <> 'trigger'::regtype
  order by p.proname collate "C"`;

/** Returns docs/data-dictionary.md, made from the comments in a database with the current schema. */
export async function dataDictionaryPage(pool: pg.Pool): Promise<string> {
  const { rows } = await pool.query<Relation>(relations, [internal]);
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
    column.comment,
  ]);
  const about = [
    comment.replace(/\.?$/, '.'),
    ...(key === null ? [] : [`${key.replace('PRIMARY KEY', 'Primary key:')}.`]),
  ];
  return `### ${name}\n\n${about.join(' ')}\n\n${markdownTable(['column', 'type', 'description'], rows)}`;
}
