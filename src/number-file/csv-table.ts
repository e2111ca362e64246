import type { FileHandle } from 'node:fs/promises';
import { type CsvRow, type Delimiter, likelyDelimiters, readCsvRows } from './csv-rows.js';
import { type ColumnOptions, type ColumnSearch, headerSearchRows, searchColumns } from './number-columns.js';
import type { Table } from './table.js';
import { type InspectedFile, inspectTextFile } from './text-file.js';
import { UnusableFileError } from './unusable-file.js';

/** Opens a CSV file. The delimiter is the likeliest one by which the columns are found. */
export async function openCsvTable(
  path: string,
  options: ColumnOptions,
  { signal, handle }: { signal: AbortSignal | undefined; handle: FileHandle | undefined },
): Promise<Table> {
  const file = await inspectTextFile(path, { signal, handle });
  let found: { delimiter: Delimiter; search: ColumnSearch; count: number } | undefined;
  for (const delimiter of await likelyDelimiters(file)) {
    const rows = await firstRows(file, delimiter);
    if (rows.length === 0) break;
    const search = searchColumns(rows, options);
    if (found === undefined || rankOf(search) > rankOf(found.search)) found = { delimiter, search, count: rows.length };
    if (rankOf(search) === best) break;
  }
  if (found === undefined) {
    throw new UnusableFileError(path, (name) => `${name} is blank.`, { hint: 'Write one number per line.' });
  }
  const { delimiter, search, count } = found;
  if ('error' in search) throw search.error;
  return {
    ...file,
    columns: search.columns,
    firstRows: count,
    rows: () => readCsvRows(file, delimiter, signal),
  };
}

const best = 3;

/** How well a search succeeded: the columns are found above a number, found, ambiguous, or missing. */
export function rankOf(search: ColumnSearch): number {
  if ('columns' in search) return search.isConfirmed ? best : 2;
  return search.isNear ? 1 : 0;
}

async function firstRows(file: InspectedFile, delimiter: Delimiter): Promise<CsvRow[]> {
  const first: CsvRow[] = [];
  for await (const rows of readCsvRows(file, delimiter)) {
    first.push(...rows.slice(0, headerSearchRows - first.length));
    if (first.length >= headerSearchRows) break;
  }
  return first;
}
