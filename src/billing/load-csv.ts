import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Day } from '../days.js';
import { messageOf } from '../errors.js';
import { columnNames } from './column-names.js';
import { createCsvGuard } from './csv-guard.js';
import { type OpenCsv, openCsv } from './csv-header.js';
import { type FileColumn, type LoadOptions, loadRowByRow, rejectOtherDays } from './load-row-by-row.js';
import { addColumns, type RecordsTable } from './records-table.js';
import { type ColumnType, shapeOf } from './report-type.js';

export interface LoadedFile {
  rows: number;
  rejected: number;
  /** Why COPY refused the file; undefined if it didn't. */
  refusal: string | undefined;
}

export interface CsvSource {
  name: string;
  /** Starts reading the file from its first byte. */
  read(): AsyncGenerator<Buffer, void>;
}

/**
 * Loads a CSV file into the table of its type, within the client's transaction, whose settings identify the
 * account, report and file. Its bytes go to COPY unchanged. If COPY refuses them, the file is read again row by
 * row: good rows are loaded, and bad ones go to `billing_rejects`.
 */
export async function loadCsv(
  client: pg.ClientBase,
  table: RecordsTable,
  source: CsvSource,
  options: LoadOptions,
): Promise<LoadedFile> {
  const csv = await openCsv(source.read(), source.name);
  if (csv === undefined) return { rows: 0, rejected: 0, refusal: undefined };
  const columns = fileColumns(table.type, csv.header);
  try {
    await addColumns(client, table, new Map(columns.map(({ name, type, header }) => [name, { type, header }])));
    await client.query('savepoint before_copy');
    const rows = await copyBytes(client, table, columns, csv.rest, options);
    await client.query('release savepoint before_copy');
    return { rows, rejected: 0, refusal: undefined };
  } catch (error) {
    await csv.rest.return(undefined);
    if (!isRefusal(error)) throw error;
    options.signal.throwIfAborted();
    await client.query('rollback to savepoint before_copy');
    const again = (await openCsv(source.read(), source.name)) as OpenCsv;
    const counts = await loadRowByRow(client, { table, columns, csv: again }, options);
    return { ...counts, refusal: messageOf(error) };
  }
}

/** Puts a file's rows of other days into `billing_rejects`, and returns how many there are. */
export async function rejectDays(
  client: pg.ClientBase,
  table: RecordsTable,
  source: CsvSource,
  options: Parameters<typeof rejectOtherDays>[2],
): Promise<number> {
  const csv = (await openCsv(source.read(), source.name)) as OpenCsv;
  return rejectOtherDays(client, { table, columns: fileColumns(table.type, csv.header), csv }, options);
}

function fileColumns(type: string, header: readonly string[]): FileColumn[] {
  const { columns } = shapeOf(type);
  return columnNames(header).map((name, index) => ({
    name,
    header: header[index] as string,
    type: Object.hasOwn(columns, name) ? (columns[name] as ColumnType) : 'text',
  }));
}

/**
 * Returns the most frequent month, as its first day, among a file's first rows: when the days of the file aren't
 * given, most of its rows are likely of that month. Undefined if the rows show none.
 */
export async function likelyMonth(type: string, source: CsvSource): Promise<Day | undefined> {
  const chunks = source.read();
  const csv = await openCsv(chunks, source.name).finally(() => chunks.return(undefined));
  if (csv === undefined) return undefined;
  const place = columnNames(csv.header).indexOf(shapeOf(type).timeColumn ?? '');
  const counts = new Map<Day, number>();
  for (const line of csv.begin.toString('latin1').split(csv.lineEnd)) {
    const [, year, month] = /^"?((?:19|20)\d\d)[-/](0[1-9]|1[0-2])[-/]\d\d\b/.exec(line.split(',')[place] ?? '') ?? [];
    if (year === undefined || year < '1990') continue;
    const first = `${year}-${month}-01`;
    counts.set(first, (counts.get(first) ?? 0) + 1);
  }
  return [...counts].sort(([, one], [, other]) => other - one)[0]?.[0];
}

/** Content that COPY would misread. */
class UnsafeForCopy extends Error {}

async function copyBytes(
  client: pg.ClientBase,
  table: RecordsTable,
  columns: readonly FileColumn[],
  bytes: AsyncIterable<Buffer>,
  { signal, onProgress }: LoadOptions,
): Promise<number> {
  const names = (wanted: readonly FileColumn[]) => wanted.map(({ name }) => pg.escapeIdentifier(name)).join(', ');
  const typed = columns.filter(({ type }) => type !== 'text');
  // A quoted empty value is valid only as text, not as a number or time.
  const forceNull = typed.length === 0 ? '' : `, force_null (${names(typed)})`;
  const sql = `copy ${table.sql} (${names(columns)}) from stdin (format csv, encoding 'UTF8'${forceNull})`;
  const stream = client.query(copyFrom(sql));
  const done = finished(stream);
  done.catch(() => undefined);
  // Bytes written after the error would have no connection.
  let refusal: Error | undefined;
  stream.once('error', (error) => {
    refusal = error;
  });
  const findUnsafe = createCsvGuard();
  const countRows = createRowEstimate();
  try {
    for await (const chunk of bytes) {
      signal.throwIfAborted();
      const unsafe = findUnsafe(chunk);
      if (unsafe !== undefined) throw new UnsafeForCopy(unsafe);
      if (refusal !== undefined) throw refusal;
      if (!stream.write(chunk)) await Promise.race([once(stream, 'drain'), done]);
      onProgress(chunk.length, countRows(chunk));
    }
    if (refusal !== undefined) throw refusal;
    stream.end();
  } catch (error) {
    if (refusal !== undefined) throw refusal;
    // End the COPY on the server so that the connection can roll back.
    stream.destroy(error instanceof Error ? error : new Error(String(error)));
    await done.catch(() => undefined);
    throw error;
  }
  await done;
  return stream.rowCount;
}

/**
 * Estimates the rows of a chunk for the progress display from the row length at the beginning of the file: counting
 * all rows would take too long.
 */
function createRowEstimate(): (chunk: Buffer) => number {
  let bytesPerRow: number | undefined;
  return (chunk) => {
    bytesPerRow ??= chunk.length / Math.max(1, chunk.toString('latin1').split('\n').length - 1);
    return chunk.length / bytesPerRow;
  };
}

/**
 * Whether COPY refused the data rather than failed: SQLSTATE class 22 (data exception), and 54000, which is raised
 * for a "row" that never ends.
 */
function isRefusal(error: unknown): boolean {
  if (error instanceof UnsafeForCopy) return true;
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && (/^22[0-9A-Z]{3}$/.test(code) || code === '54000');
}
