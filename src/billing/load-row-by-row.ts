import { isUtf8 } from 'node:buffer';
import pg from 'pg';
import { copyRows } from '../database/copy.js';
import type { OpenCsv } from './csv-header.js';
import { type CsvRecord, readRecords } from './csv-records.js';
import type { FileColumn, LoadOptions } from './load-csv.js';
import type { RecordsTable } from './records-table.js';
import { createValueCheck, type ValueCheck } from './value-check.js';

export interface RowByRow {
  table: RecordsTable;
  columns: readonly FileColumn[];
  csv: OpenCsv;
}

/** Loads the good rows of a file that COPY refused as it was, and puts the others into `billing_rejects`. */
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
    const { good, bad } = await sort(batch, columns, check);
    rows += await copyRows(client, target, good);
    rejected += await copyRows(
      client,
      rejects,
      bad.map(({ record, reason }) => [String(record.line), reason, decode(record.text)]),
    );
    onProgress(
      batch.reduce((sum, { text }) => sum + text.length + csv.lineEnd.length, 0),
      batch.length,
    );
  }
  return { rows, rejected };
}

const rejects = {
  table: 'tn_ledger.billing_rejects',
  columns: ['line_number', 'reason', 'line'],
};

interface Sorted {
  good: (string | null)[][];
  bad: { record: CsvRecord; reason: string }[];
}

async function sort(batch: readonly CsvRecord[], columns: readonly FileColumn[], check: ValueCheck): Promise<Sorted> {
  const bad: Sorted['bad'] = [];
  const readable: { record: CsvRecord; row: (string | null)[] }[] = [];
  for (const record of batch) {
    const reason = record.reason ?? whyUnreadable(record, columns.length);
    if (reason !== undefined) bad.push({ record, reason });
    else readable.push({ record, row: valuesOf(record, columns) });
  }
  await check.learn(readable.flatMap(({ row }) => doubtful(row, columns, check)));
  const good: (string | null)[][] = [];
  for (const { record, row } of readable) {
    const reason = whyRefused(row, columns, check);
    if (reason === undefined) good.push(row);
    else bad.push({ record, reason });
  }
  bad.sort((a, b) => a.record.line - b.record.line);
  return { good, bad };
}

function whyUnreadable({ text, fields }: CsvRecord, expected: number): string | undefined {
  const count = fields?.length ?? 0;
  if (count !== expected) {
    return text === ''
      ? 'an empty line'
      : `has ${count} ${count === 1 ? 'field' : 'fields'}, where the header has ${expected}`;
  }
  if (text.includes('\0')) return 'invalid byte 0x00';
  if (!isPlain(text) && !isUtf8(Buffer.from(text, 'latin1')))
    return `invalid byte ${firstInvalidByte(text)}: it is no UTF-8`;
  return undefined;
}

/** The row as the table takes it: decoded, and with no empty values for numbers and times. */
function valuesOf({ text, fields = [] }: CsvRecord, columns: readonly FileColumn[]): (string | null)[] {
  const plain = isPlain(text);
  return fields.map((field, index) => {
    if (field === null || (field === '' && columns[index]?.type !== 'text')) return null;
    return plain ? field : decode(field);
  });
}

function doubtful(row: readonly (string | null)[], columns: readonly FileColumn[], check: ValueCheck) {
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
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is ASCII that is asked for
  return /^[\x00-\x7f]*$/.test(text);
}

/** Text that was read a character a byte. */
function decode(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8');
}

function firstInvalidByte(text: string): string {
  const bytes = Buffer.from(text, 'latin1');
  const sound = bytes.toString('utf8').indexOf('\ufffd');
  const at = Buffer.byteLength(bytes.toString('utf8').slice(0, sound));
  return `0x${(bytes[at] ?? 0).toString(16)}`;
}
