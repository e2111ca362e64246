import pg from 'pg';
import { grantReaders } from '../database/roles.js';
import { LedgerError } from '../errors.js';
import type { Day } from '../sync/days.js';
import { type ColumnType, recordsTable, shapeOf } from './report-type.js';

/** The table of a type's records, as far as loading needs to know it. */
export interface RecordsTable {
  type: string;
  /** Schema-qualified. */
  sql: string;
  /** Column by which it is partitioned into months: the time of the record, or the report's first day where no such column is known. */
  partitionedBy: string;
  timeColumn: string | undefined;
  /** Types of all its columns, by name. */
  columns: Map<string, string>;
}

const schema = 'tn_ledger';
/** The most columns that a PostgreSQL table may have, less the ledger's own. */
const mostColumns = 1590;

const ownColumns = [
  { name: 'account_id', type: 'text collate "C"', comment: 'Bandwidth account' },
  { name: 'report_id', type: 'text collate "C"', comment: 'Report that the row came with, see billing_reports' },
  { name: 'file_name', type: 'text', comment: 'File of the report’s archive' },
] as const;

const reportDate = {
  name: 'report_date',
  comment:
    'First day of the report: rows of this type carry no time that is known, and their months are those of their reports',
};

/** Keeps two loads of a type from changing its table at the same time; held until the client's transaction ends. */
export async function lockRecords(client: pg.ClientBase, type: string): Promise<void> {
  await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`tn-ledger/${recordsTable(type)}`]);
}

/** The table of a type; undefined where no report of it was ever loaded. */
export async function findRecordsTable(client: pg.ClientBase, type: string): Promise<RecordsTable | undefined> {
  const name = recordsTable(type);
  const { rows } = await client.query<{ attname: string; type: string }>(
    `select attname, format_type(atttypid, atttypmod) as type from pg_attribute
      where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum`,
    [`${schema}.${name}`],
  );
  if (rows.length === 0) return undefined;
  const { timeColumn } = shapeOf(type);
  const columns = new Map(rows.map((row) => [row.attname, row.type]));
  return { type, sql: `${schema}.${name}`, timeColumn, partitionedBy: timeColumn ?? reportDate.name, columns };
}

/** Makes the table of a type, with the columns that every table has and those that are known of the type. */
export async function makeRecordsTable(client: pg.ClientBase, type: string): Promise<RecordsTable> {
  const { timeColumn } = shapeOf(type);
  const sql = `${schema}.${recordsTable(type)}`;
  const own = ownColumns.map(({ name, type: of }) => {
    return `${name} ${of} not null default tn_ledger.billing_load('${name}')`;
  });
  if (timeColumn === undefined) {
    own.push(`${reportDate.name} date not null default tn_ledger.billing_load('${reportDate.name}')::date`);
  } else {
    own.push(`${timeColumn} timestamptz`);
  }
  const partitionedBy = timeColumn ?? reportDate.name;
  await client.query(`create table ${sql} (${own.join(', ')}) partition by range (${partitionedBy})`);
  await client.query(`create table ${partition(type, 'other')} partition of ${sql} default`);
  const about = `Records of Bandwidth's billing reports of type ${type}, a row each; partitioned by the month (UTC) of ${partitionedBy}. Nothing else tells them apart: a newer report of the same days replaces an older one's rows.`;
  await comment(client, 'table', sql, about);
  const comments = new Map<string, string>(ownColumns.map(({ name, comment: text }) => [name, text]));
  if (timeColumn === undefined) comments.set(reportDate.name, reportDate.comment);
  else comments.set(timeColumn, 'Its column of that name in the file, in UTC');
  for (const [name, text] of comments) await comment(client, 'column', `${sql}.${name}`, text);
  await describePartition(client, sql, partition(type, 'other'), 'Rows without a usable time');
  await grantReaders(client);
  return (await findRecordsTable(client, type)) as RecordsTable;
}

/** Adds the columns of a file that the table does not have yet, and answers with their types by name. */
export async function addColumns(
  client: pg.ClientBase,
  table: RecordsTable,
  wanted: ReadonlyMap<string, { type: ColumnType; header: string }>,
): Promise<void> {
  const missing = [...wanted].filter(([name]) => !table.columns.has(name));
  if (missing.length === 0) return;
  if (table.columns.size + missing.length > mostColumns) {
    throw new LedgerError(
      `${table.sql} has ${table.columns.size} columns and the file has ${missing.length} others: a table can't have so many. Nothing was loaded.`,
      { hint: 'Look whether the file begins with a header.' },
    );
  }
  const additions = missing.map(([name, { type }]) => `add column ${pg.escapeIdentifier(name)} ${type}`);
  await client.query(`alter table ${table.sql} ${additions.join(', ')}`);
  for (const [name, { type, header }] of missing) {
    table.columns.set(name, type);
    const text = `${header.trim() === '' ? 'A column without a name' : `Column ${header.trim()}`} of the file`;
    for (const each of [table.sql, ...(await partitionsOf(client, table))]) {
      await comment(client, 'column', `${each}.${pg.escapeIdentifier(name)}`, text);
    }
  }
}

/** Makes the partitions of the months from one day to another, where they are missing. */
export async function addMonths(client: pg.ClientBase, table: RecordsTable, from: Day, to: Day): Promise<void> {
  for (let month = `${from.slice(0, 7)}-01`; month <= to; month = nextMonth(month))
    await addMonth(client, table, month);
}

/**
 * Makes the partition of a month. Rows of that month that were taken in as having no usable time move into it: PostgreSQL
 * would refuse it otherwise.
 */
async function addMonth(client: pg.ClientBase, table: RecordsTable, month: Day): Promise<void> {
  const name = partition(table.type, month.slice(0, 7).replace('-', '_'));
  const { rows } = await client.query('select to_regclass($1) is not null as exists', [name]);
  if (rows[0].exists) return;
  const [from, to] = [month, nextMonth(month)].map((day) => bound(table, day));
  const other = partition(table.type, 'other');
  await client.query(`create table ${name} (like ${table.sql} including defaults)`);
  await client.query(
    `with moved as (delete from ${other} where ${table.partitionedBy} >= ${from} and ${table.partitionedBy} < ${to} returning *)
     insert into ${name} select * from moved`,
  );
  await client.query(`alter table ${table.sql} attach partition ${name} for values from (${from}) to (${to})`);
  await describePartition(client, table.sql, name, `Rows of ${month.slice(0, 7)} (UTC)`);
}

/** Gives partitions to months that rows of the transaction's report fell into and that have none. Only rows without a usable time are left aside. */
export async function settleStrays(client: pg.ClientBase, table: RecordsTable): Promise<void> {
  const column = table.partitionedBy;
  const { rows } = await client.query<{ month: Day }>(
    `select distinct to_char(${column}, 'YYYY-MM-01') as month from ${partition(table.type, 'other')}
      where ${column} >= '1990-01-01' and ${column} < '2101-01-01' order by 1`,
  );
  for (const { month } of rows) await addMonth(client, table, month);
}

/** Schema-qualified names of all partitions. */
export async function partitionsOf(client: pg.ClientBase, table: RecordsTable): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_inherits i
       join pg_class c on c.oid = i.inhrelid join pg_namespace n on n.oid = c.relnamespace
      where i.inhparent = $1::regclass order by 1`,
    [table.sql],
  );
  return rows.map(({ name }) => name);
}

/** Schema-qualified names of the partitions that rows were put into by the client's transaction, or by what it rolled back. */
export async function partitionsWritten(client: pg.ClientBase, table: RecordsTable): Promise<string[]> {
  const { rows } = await client.query<{ name: string; rows: string; counted: boolean }>(
    `select format('%I.%I', n.nspname, c.relname) as name, pg_stat_get_xact_tuples_inserted(c.oid) as rows,
            current_setting('track_counts')::boolean as counted
       from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_namespace n on n.oid = c.relnamespace
      where i.inhparent = $1::regclass order by 1`,
    [table.sql],
  );
  // Where the server does not count, any of them may have been.
  return rows.filter(({ rows: count, counted }) => !counted || Number(count) > 0).map(({ name }) => name);
}

function partition(type: string, part: string): string {
  return `${schema}.${recordsTable(type)}__${part}`;
}

function bound(table: RecordsTable, day: Day): string {
  return table.timeColumn === undefined ? `'${day}'` : `'${day} 00:00:00+00'`;
}

function nextMonth(month: Day): Day {
  const [year = 0, number = 0] = month.split('-').map(Number);
  return new Date(Date.UTC(year, number, 1)).toISOString().slice(0, 10);
}

/** Comments are not handed down to partitions. */
async function describePartition(client: pg.ClientBase, parent: string, name: string, about: string): Promise<void> {
  await comment(client, 'table', name, `${about} of ${parent}.`);
  const { rows } = await client.query<{ attname: string; text: string }>(
    `select attname, col_description(attrelid, attnum) as text from pg_attribute
      where attrelid = $1::regclass and attnum > 0 and not attisdropped and col_description(attrelid, attnum) is not null`,
    [parent],
  );
  for (const { attname, text } of rows) {
    await comment(client, 'column', `${name}.${pg.escapeIdentifier(attname)}`, text);
  }
}

async function comment(client: pg.ClientBase, kind: 'table' | 'column', object: string, text: string): Promise<void> {
  await client.query(`comment on ${kind} ${object} is ${pg.escapeLiteral(text)}`);
}
