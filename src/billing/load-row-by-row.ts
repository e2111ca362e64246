import { isUtf8 } from 'node:buffer';
import pg from 'pg';
import { copyRows } from '../database/copy.js';
import type { Day } from '../days.js';
import type { OpenCsv } from './csv-header.js';
import { type CsvRecord, readRecords } from './csv-records.js';
import type { RecordsTable } from './records-table.js';
import type { ColumnType } from './report-type.js';
import { createValueCheck, type ValueCheck } from './value-check.js';

export interface LoadOptions {
  signal: AbortSignal;
  /** Called with the bytes processed and the approximate number of rows. */
  onProgress(bytes: number, rows: number): void;
}

/** A column of both the file and the table. */
export interface FileColumn {
  name: string;
  header: string;
  type: ColumnType;
}

export interface RowByRow {
  table: RecordsTable;
  columns: readonly FileColumn[];
  csv: OpenCsv;
}

/** Loads the good rows of a file that COPY refused, and puts the others into `billing_rejects`. */
export async function loadRowByRow(
  client: pg.ClientBase,
  { table, columns, csv }: RowByRow,
  { signal, onProgress }: LoadOptions,
): Promise<{ rows: number; rejected: number }> {
  const target = { table: table.sql, columns: columns.map(({ name }) => pg.escapeIdentifier(name)) };
  const check = await createValueCheck(client);
  let rows = 0;
  let rejected = 0;
  for await (const batch of readRecords(csv)) {
    signal.throwIfAborted();
    const { good, bad } = await classify(batch, columns, check);
    rows += await copyRows(
      client,
      target,
      good.map(({ row }) => row),
    );
    rejected += await copyRejects(client, bad);
    onProgress(
      batch.reduce((sum, { text }) => sum + text.length + csv.lineEnd.length, 0),
      batch.length,
    );
  }
  return { rows, rejected };
}

/**
 * Reads a file again and puts its good rows of days other than `days` into `billing_rejects`: only the file has
 * their line numbers. Rows without a usable time stay.
 *
 * @param why returns the reason for a row of a given day
 */
export async function rejectOtherDays(
  client: pg.ClientBase,
  { table, columns, csv }: RowByRow,
  { days: { from, to }, why, signal }: { days: { from: Day; to: Day }; why: (day: Day) => string; signal: AbortSignal },
): Promise<number> {
  const place = columns.findIndex(({ name }) => name === table.timeColumn);
  const check = await createValueCheck(client);
  let rejected = 0;
  for await (const batch of readRecords(csv)) {
    signal.throwIfAborted();
    const { good } = await classify(batch, columns, check);
    const odd = good.filter(({ row }) => row[place] != null && dayAsWritten(row[place]) === undefined);
    const parsedDays = await daysOf(
      client,
      odd.map(({ row }) => row[place] as string),
    );
    const days = new Map(odd.map(({ record }, index) => [record, parsedDays[index]]));
    const outside = good.flatMap(({ record, row }) => {
      const time = row[place];
      const day = time == null ? undefined : (dayAsWritten(time) ?? days.get(record));
      return day == null || (day >= from && day <= to) ? [] : [{ record, reason: why(day) }];
    });
    rejected += await copyRejects(client, outside);
  }
  return rejected;
}

/** Returns the day of a time in one of the common formats, which are all UTC. */
function dayAsWritten(time: string): Day | undefined {
  const [, year, month, day] =
    /^((?:19|20)\d\d)[-/](0[1-9]|1[0-2])[-/](\d\d)[ T](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?(?: AM| PM|Z)?$/.exec(
      time,
    ) ?? [];
  return year === undefined ? undefined : `${year}-${month}-${day}`;
}

/** Returns the days of times in other formats, as PostgreSQL reads them; null for a time that isn't finite. */
async function daysOf(client: pg.ClientBase, times: readonly string[]): Promise<(Day | null)[]> {
  if (times.length === 0) return [];
  const { rows } = await client.query<{ day: Day | null }>(
    `select case when isfinite(time::timestamptz) then to_char(time::timestamptz, 'YYYY-MM-DD') end as day
       from unnest($1::text[]) with ordinality as times (time, place) order by place`,
    [times],
  );
  return rows.map(({ day }) => day);
}

function copyRejects(client: pg.ClientBase, bad: Classified['bad']): Promise<number> {
  return copyRows(
    client,
    rejects,
    bad.map(({ record, reason }) => [String(record.line), reason, decode(record.text)]),
  );
}

const rejects = {
  table: 'tn_ledger.billing_rejects',
  columns: ['line_number', 'reason', 'line'],
};

interface Classified {
  /** With values as the table accepts them. */
  good: { record: CsvRecord; row: (string | null)[] }[];
  bad: { record: CsvRecord; reason: string }[];
}

async function classify(
  batch: readonly CsvRecord[],
  columns: readonly FileColumn[],
  check: ValueCheck,
): Promise<Classified> {
  const bad: Classified['bad'] = [];
  const readable: Classified['good'] = [];
  for (const record of batch) {
    const reason = record.reason ?? whyUnreadable(record, columns.length);
    if (reason !== undefined) bad.push({ record, reason });
    else readable.push({ record, row: valuesOf(record, columns) });
  }
  await check.learn(readable.flatMap(({ row }) => uncertainValues(row, columns, check)));
  const good: Classified['good'] = [];
  for (const each of readable) {
    const reason = whyRefused(each.row, columns, check);
    if (reason === undefined) good.push(each);
    else bad.push({ record: each.record, reason });
  }
  bad.sort((a, b) => a.record.line - b.record.line);
  return { good, bad };
}

function whyUnreadable({ text, fields }: CsvRecord, expected: number): string | undefined {
  const count = fields?.length ?? 0;
  if (count !== expected) {
    return text === ''
      ? 'an empty line'
      : `has ${count} ${count === 1 ? 'field' : 'fields'}, but the header has ${expected}`;
  }
  if (text.includes('\0')) return 'invalid byte 0x00';
  if (!isPlain(text) && !isUtf8(Buffer.from(text, 'latin1')))
    return `invalid byte ${firstInvalidByte(text)}: not UTF-8`;
  return undefined;
}

/** Returns the row as the table accepts it: decoded, with null for empty numbers and times. */
function valuesOf({ text, fields = [] }: CsvRecord, columns: readonly FileColumn[]): (string | null)[] {
  const plain = isPlain(text);
  return fields.map((field, index) => {
    if (field === null || (field === '' && columns[index]?.type !== 'text')) return null;
    return plain ? field : decode(field);
  });
}

function uncertainValues(row: readonly (string | null)[], columns: readonly FileColumn[], check: ValueCheck) {
  return columns.flatMap(({ type }, index) => {
    const value = row[index];
    return typeof value === 'string' && type !== 'text' && !check.isCertain(type, value) ? [{ type, value }] : [];
  });
}

function whyRefused(
  row: readonly (string | null)[],
  columns: readonly FileColumn[],
  check: ValueCheck,
): string | undefined {
  for (const [index, { type, header }] of columns.entries()) {
    const value = row[index];
    if (typeof value !== 'string' || type === 'text' || check.isCertain(type, value)) continue;
    const refusal = check.refusal(type, value);
    if (refusal !== undefined) return `${header.trim()}: ${refusal}`;
  }
  return undefined;
}

function isPlain(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: matches ASCII
  return /^[\x00-\x7f]*$/.test(text);
}

/** Decodes text that was read as one character per byte. */
function decode(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8');
}

function firstInvalidByte(text: string): string {
  const bytes = Buffer.from(text, 'latin1');
  const sound = bytes.toString('utf8').indexOf('\ufffd');
  const at = Buffer.byteLength(bytes.toString('utf8').slice(0, sound));
  return `0x${(bytes[at] ?? 0).toString(16)}`;
}
