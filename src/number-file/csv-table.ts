import type { FileHandle } from 'node:fs/promises';
import { type Delimiter, likelyDelimiters, readCsvRows } from './csv-rows.js';
import { bestRank, type ColumnOptions, type ColumnSearch, firstRows, rankOf, searchColumns } from './number-columns.js';
import type { Table } from './table.js';
import { inspectTextFile } from './text-file.js';
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
    const rows = await firstRows(readCsvRows(file, delimiter));
    if (rows.length === 0) break;
    const search = searchColumns(rows, options);
    if (found === undefined || rankOf(search) > rankOf(found.search)) found = { delimiter, search, count: rows.length };
    if (rankOf(search) === bestRank) break;
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
