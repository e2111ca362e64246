import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { messageOf } from '../errors.js';
import { columnNames } from './column-names.js';
import { createCsvGuard } from './csv-guard.js';
import { type OpenCsv, openCsv } from './csv-header.js';
import { loadRowByRow } from './load-row-by-row.js';
import { addColumns, addMonths, type RecordsTable } from './records-table.js';
import { type ColumnType, shapeOf } from './report-type.js';

export interface LoadedFile {
  rows: number;
  rejected: number;
  /** Why COPY did not take the file as it was; undefined where it did. */
  refusal: string | undefined;
}

export interface CsvSource {
  name: string;
  /** Begins to read the file, from its first byte. */
  read(): AsyncGenerator<Buffer, void>;
}

export interface LoadOptions {
  signal: AbortSignal;
  /** Told of bytes as they are handed over, and of the rows that there are about. */
  onProgress(bytes: number, rows: number): void;
}

/** A column of the file and the table. */
export interface FileColumn {
  name: string;
  header: string;
  type: ColumnType;
}

/**
 * Loads a CSV file into the table of its type, within the client's transaction, whose settings say which account, report and
 * file it is. Its bytes go into COPY as they are. Where COPY refuses them, the file is read once more, row by row: good
 * rows are loaded, bad ones go to `billing_rejects`.
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
    await addFirstMonth(client, table, columns, csv);
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

function fileColumns(type: string, header: readonly string[]): FileColumn[] {
  const { columns } = shapeOf(type);
  return columnNames(header).map((name, index) => ({
    name,
    header: header[index] as string,
    type: Object.hasOwn(columns, name) ? (columns[name] as ColumnType) : 'text',
  }));
}

/**
 * Makes the partition of the month that the first row is in. Where nobody told the days of the file, that is where most of its rows
 * will go; those of other months are moved once all are there.
 */
async function addFirstMonth(
  client: pg.ClientBase,
  table: RecordsTable,
  columns: readonly FileColumn[],
  csv: OpenCsv,
): Promise<void> {
  const place = columns.findIndex(({ name }) => name === table.timeColumn);
  const lineLength = csv.begin.indexOf(csv.lineEnd);
  if (place === -1 || lineLength === -1) return;
  const time = csv.begin.subarray(0, lineLength).toString('latin1').split(',')[place];
  const [, year = '', month = ''] = /^"?(\d{4})[-/](0[1-9]|1[0-2])[-/]\d\d\b/.exec(time ?? '') ?? [];
  if (year < '1990' || year > '2100') return;
  const day = `${year}-${month}-01`;
  await addMonths(client, table, day, day);
}

/** What COPY would read otherwise than it is meant. */
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
  // An empty value in quotes is a text, and no number or time.
  const forceNull = typed.length === 0 ? '' : `, force_null (${names(typed)})`;
  const sql = `copy ${table.sql} (${names(columns)}) from stdin (format csv, encoding 'UTF8'${forceNull})`;
  const stream = client.query(copyFrom(sql));
  const done = finished(stream);
  done.catch(() => undefined);
  // Bytes that come after it would find no connection any more.
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
    // Ends the COPY on the server, so that the connection can go on to roll back.
    stream.destroy(error instanceof Error ? error : new Error(String(error)));
    await done.catch(() => undefined);
    throw error;
  }
  await done;
  return stream.rowCount;
}

/** Rows of a chunk for the display, by the length of those at the file's beginning: counting all would take its time. */
function createRowEstimate(): (chunk: Buffer) => number {
  let bytesPerRow: number | undefined;
  return (chunk) => {
    bytesPerRow ??= chunk.length / Math.max(1, chunk.toString('latin1').split('\n').length - 1);
    return chunk.length / bytesPerRow;
  };
}

/**
 * Whether COPY refused the data, and not the server its service: the classes 22 (data exception) of SQLSTATE, and 54000, which a
 * "row" that never ends comes to.
 */
function isRefusal(error: unknown): boolean {
  if (error instanceof UnsafeForCopy) return true;
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && (/^22[0-9A-Z]{3}$/.test(code) || code === '54000');
}
