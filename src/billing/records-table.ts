import pg from 'pg';
import { grantReaders } from '../database/roles.js';
import { addDays, type Day, nextMonth } from '../days.js';
import { LedgerError } from '../errors.js';
import { type ColumnType, recordsTable, shapeOf } from './report-type.js';

/** The parts of a type's records table that loading needs. */
export interface RecordsTable {
  type: string;
  /** Schema-qualified. */
  sql: string;
  /**
   * Column that it is partitioned by, in months: the time of the record, or the report's first day if the records
   * have no known time column.
   */
  partitionedBy: string;
  timeColumn: string | undefined;
  /** All columns with their types, by name. */
  columns: Map<string, string>;
}

/** Row counts by day (UTC) of the row time; null is for rows without a known time. */
export type DayCounts = Map<Day | null, number>;

/** Settings of a transaction that reads times of records: the same whatever the server's own settings are. */
export const loadSettings = { DateStyle: 'ISO, YMD', TimeZone: 'UTC' };

const schema = 'tn_ledger';
/** PostgreSQL's limit on the columns of a table, minus the ledger's own. */
const maxColumns = 1590;

const ownColumns = [
  { name: 'account_id', type: 'text collate "C"', comment: 'Bandwidth account' },
  { name: 'report_id', type: 'text collate "C"', comment: 'Report that the row belongs to, see billing_reports' },
  { name: 'file_name', type: 'text', comment: 'File in the report’s archive' },
] as const;

const reportDate = {
  name: 'report_date',
  comment:
    'First day of the report, which determines the month of its rows: rows of this type have no known time column',
};

/** Prevents two loads of a type from changing its table at the same time; held until the client's transaction ends. */
export async function lockRecords(client: pg.ClientBase, type: string): Promise<void> {
  await client.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`tn-ledger/${recordsTable(type)}`]);
}

/** Returns the table of a type; undefined if no report of the type was ever loaded. */
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

/** Creates the table of a type, with the common columns and the known columns of the type. */
export async function makeRecordsTable(client: pg.ClientBase, type: string): Promise<RecordsTable> {
  const table = await createRecordsTable(client, type);
  await grantReaders(client);
  return table;
}

async function createRecordsTable(client: pg.ClientBase, type: string): Promise<RecordsTable> {
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
  // Shows quickly whether a day has rows; a report's rows are stored together, so the index takes a few pages per
  // month.
  await client.query(`create index ${recordsTable(type)}__by_time on ${sql} using brin (${partitionedBy})`);
  // Finds the rows that a newer report replaces, in months with millions of rows.
  await client.query(`create index on ${sql} (account_id, report_id)`);
  const about = `Records of Bandwidth's billing reports of type ${type}, one row per record; partitioned by the month (UTC) of ${partitionedBy}. Records have no unique key: a newer report of the same days replaces an older one's rows.`;
  await comment(client, 'table', sql, about);
  const comments = new Map<string, string>(ownColumns.map(({ name, comment: text }) => [name, text]));
  if (timeColumn === undefined) comments.set(reportDate.name, reportDate.comment);
  else comments.set(timeColumn, 'Column of that name in the file, in UTC');
  for (const [name, text] of comments) await comment(client, 'column', `${sql}.${name}`, text);
  await describePartition(
    client,
    sql,
    partition(type, 'other'),
    'Rows without a usable time, and rows of months without a table',
  );
  return (await findRecordsTable(client, type)) as RecordsTable;
}

/** What recreates a records table in another database. */
export interface RecordsTableDescription {
  type: string;
  columns: { name: string; type: string; comment: string | null }[];
  /** First days of the months that have a partition. */
  months: Day[];
}

/** Describes the records tables of all types. */
export async function describeRecordsTables(client: pg.ClientBase): Promise<RecordsTableDescription[]> {
  const { rows } = await client.query<RecordsTableDescription>(
    `select upper(substr(relname, 9)) as type,
            (select json_agg(json_build_object('name', attname, 'type', format_type(atttypid, atttypmod),
                                               'comment', col_description(attrelid, attnum)) order by attnum)
               from pg_attribute where attrelid = p.oid and attnum > 0 and not attisdropped) as columns,
            (select coalesce(json_agg(replace(right(m.relname, 7), '_', '-') || '-01' order by m.relname), '[]')
               from pg_inherits join pg_class m on m.oid = inhrelid
              where inhparent = p.oid and m.relname ~ ('^' || p.relname || '__\\d{4}_\\d\\d$')) as months
       from pg_class p
      where relnamespace = '${schema}'::regnamespace and relkind = 'p' and starts_with(relname, 'billing_') order by relname`,
  );
  return rows;
}

/** Creates a records table from its description, in the client's transaction. Grants nothing. */
export async function recreateRecordsTable(
  client: pg.ClientBase,
  { type, columns, months }: RecordsTableDescription,
): Promise<void> {
  const table = await createRecordsTable(client, type);
  await addDescribedColumns(
    client,
    table,
    columns.filter(({ name }) => !table.columns.has(name)),
  );
  for (const month of months) await addMonth(client, table, month);
}

/** Adds the columns of a file that the table doesn't have yet to the table and to its `columns`. */
export async function addColumns(
  client: pg.ClientBase,
  table: RecordsTable,
  wanted: ReadonlyMap<string, { type: ColumnType; header: string }>,
): Promise<void> {
  const missing = [...wanted].filter(([name]) => !table.columns.has(name));
  if (missing.length === 0) return;
  if (table.columns.size + missing.length > maxColumns) {
    throw new LedgerError(
      `${table.sql} has ${table.columns.size} columns and the file has ${missing.length} others, more than a table can have. Nothing was loaded.`,
      { hint: 'Check that the file begins with a header.' },
    );
  }
  await addDescribedColumns(
    client,
    table,
    missing.map(([name, { type, header }]) => {
      const comment = `${header.trim() === '' ? 'A column without a name' : `Column ${header.trim()}`} of the file`;
      return { name, type, comment };
    }),
  );
}

async function addDescribedColumns(
  client: pg.ClientBase,
  table: RecordsTable,
  columns: RecordsTableDescription['columns'],
): Promise<void> {
  if (columns.length === 0) return;
  const additions = columns.map(({ name, type }) => `add column ${pg.escapeIdentifier(name)} ${type}`);
  await client.query(`alter table ${table.sql} ${additions.join(', ')}`);
  for (const { name, type, comment: text } of columns) {
    table.columns.set(name, type);
    if (text === null) continue;
    for (const each of [table.sql, ...(await partitionsOf(client, table))]) {
      await comment(client, 'column', `${each}.${pg.escapeIdentifier(name)}`, text);
    }
  }
}

/** Creates the missing partitions for the months from one day to another. */
export async function addMonths(client: pg.ClientBase, table: RecordsTable, from: Day, to: Day): Promise<void> {
  for (let month = `${from.slice(0, 7)}-01`; month <= to; month = nextMonth(month))
    await addMonth(client, table, month);
}

/**
 * Creates the partition of a month. Moves that month's rows from the default partition into it, because PostgreSQL
 * would refuse to attach it otherwise. Deletes other day counts recorded for the month: their rows went when
 * someone dropped its table.
 */
async function addMonth(client: pg.ClientBase, table: RecordsTable, month: Day): Promise<void> {
  const name = monthPartition(table, month);
  const { rows } = await client.query('select to_regclass($1) is not null as exists', [name]);
  if (rows[0].exists) return;
  const [from, to] = [month, nextMonth(month)].map((day) => bound(table, day));
  const other = partition(table.type, 'other');
  await client.query(`create table ${name} (like ${table.sql} including defaults including indexes)`);
  await client.query(
    `with moved as (delete from ${other} where ${table.partitionedBy} >= ${from} and ${table.partitionedBy} < ${to} returning *)
     insert into ${name} select * from moved`,
  );
  await client.query(
    `update tn_ledger.billing_reports set partitions = array_append(partitions, $1)
      where (account_id, report_id) in (select account_id, report_id from ${name})`,
    [name],
  );
  await client.query(
    `delete from tn_ledger.sync_billing_days
      where type = $1 and day >= $2 and day < $3 and (account_id, report_id) not in (select account_id, report_id from ${name})`,
    [table.type, month, nextMonth(month)],
  );
  await client.query(`alter table ${table.sql} attach partition ${name} for values from (${from}) to (${to})`);
  await describePartition(client, table.sql, name, `Rows of ${month.slice(0, 7)} (UTC)`);
}

/** Returns the first days of the months that have rows but no partition, ignoring rows without a usable time. */
export async function monthsWithoutPartition(client: pg.ClientBase, table: RecordsTable): Promise<Day[]> {
  const column = table.partitionedBy;
  const { rows } = await client.query<{ month: Day }>(
    `select distinct to_char(${column}, 'YYYY-MM-01') as month from ${partition(table.type, 'other')}
      where ${column} >= '1990-01-01' and ${column} < '2101-01-01' order by 1`,
  );
  return rows.map(({ month }) => month);
}

/**
 * Returns SQL for the day (UTC) of a row; null if its time isn't known. Rows of types without times have their
 * report's first day.
 */
export function dayOfRow({ partitionedBy }: RecordsTable): string {
  return `case when isfinite(${partitionedBy}) then ${partitionedBy}::date end`;
}

/** Adds the rows that a load inserted into a partition to the index. */
export async function indexNewRows(client: pg.ClientBase, partitionName: string): Promise<void> {
  await client.query(
    `select brin_summarize_new_values(i.indexrelid) from pg_index i join pg_class c on c.oid = i.indexrelid
       join pg_am a on a.oid = c.relam where a.amname = 'brin' and i.indrelid = to_regclass($1)`,
    [partitionName],
  );
}

/** Returns the schema-qualified names of all partitions. */
export async function partitionsOf(client: pg.ClientBase, table: RecordsTable): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_inherits i
       join pg_class c on c.oid = i.inhrelid join pg_namespace n on n.oid = c.relnamespace
      where i.inhparent = $1::regclass order by 1`,
    [table.sql],
  );
  return rows.map(({ name }) => name);
}

/** Those of the partitions that are of months, with the first day of each. */
export function monthsAmong(partitions: readonly string[]): { name: string; month: Day }[] {
  return partitions.flatMap((name) => {
    const [, year, month] = /__(\d{4})_(\d\d)$/.exec(name) ?? [];
    return year === undefined ? [] : [{ name, month: `${year}-${month}-01` }];
  });
}

/** Returns the last day of a month, given by its first. */
export function monthEnd(month: Day): Day {
  return addDays(nextMonth(month), -1);
}

/**
 * Returns the schema-qualified names of the partitions that the client's transaction inserted rows into, including
 * inserts that were rolled back.
 */
export async function partitionsWritten(client: pg.ClientBase, table: RecordsTable): Promise<string[]> {
  const { rows } = await client.query<{ name: string; rows: string; counted: boolean }>(
    `select format('%I.%I', n.nspname, c.relname) as name, pg_stat_get_xact_tuples_inserted(c.oid) as rows,
            current_setting('track_counts')::boolean as counted
       from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_namespace n on n.oid = c.relnamespace
      where i.inhparent = $1::regclass order by 1`,
    [table.sql],
  );
  // If the server doesn't count inserts, any partition may have been written.
  return rows.filter(({ rows: count, counted }) => !counted || Number(count) > 0).map(({ name }) => name);
}

/**
 * Returns the name of the partition for the rows of a day, in the form that `partitionsOf` returns; it may not
 * exist.
 */
export function monthPartition({ type }: RecordsTable, day: Day): string {
  return partition(type, day.slice(0, 7).replace('-', '_'));
}

function partition(type: string, part: string): string {
  return `${schema}.${recordsTable(type)}__${part}`;
}

function bound(table: RecordsTable, day: Day): string {
  return table.timeColumn === undefined ? `'${day}'` : `'${day} 00:00:00+00'`;
}

/** Partitions don't inherit comments. */
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
