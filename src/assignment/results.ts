import { basename, extname, join } from 'node:path';
import type pg from 'pg';
import { type Cells, csvText, removeCsvFile, writeCsvFile } from '../csv-file.js';
import type { NumberFile } from '../number-file/number-file.js';
import { storeResult } from '../stored-files/result-files.js';
import type { SubmittedFile } from '../stored-files/submitted-files.js';
import type { Batch } from './batches.js';
import {
  isOriginalProblem,
  type Original,
  openOriginal,
  originalUnavailable,
  withOriginalCells,
} from './original-file.js';

/** Columns of the result files, in order. If the file has a header, its own columns replace the first two. */
const header = [
  'line_number',
  'number_as_given',
  'telephone_number',
  'outcome',
  'error_code',
  'error_description',
  'order_id',
] as const;

const hint =
  'The outcomes are in the database. Make the folder writable or name another with --out, then run the same command again to write the results.';

/** Lines read from the database, and held in memory, at a time. */
const linesPerQuery = 5000;

/** Paths of a file's results. */
export interface ResultFiles {
  results: string;
  rejected: string;
}

/** Returns `numbers.results.csv` and `numbers.rejected.csv` in a folder, for `numbers.csv` or any other extension. */
export function resultFiles(folder: string, fileName: string): ResultFiles {
  const base = basename(fileName, extname(fileName));
  return { results: join(folder, `${base}.results.csv`), rejected: join(folder, `${base}.rejected.csv`) };
}

/** A client is also used within the transaction that records the lines. */
type Queryable = pg.ClientBase | pg.Pool;

/**
 * Writes one line per number of the file, in file order, and the rejected lines to a separate file if there are any. The lines begin
 * with the file's own columns, read from the file once more; if it has changed or is gone, they are left out with a warning.
 * A file gets its name only once it is complete; an earlier file of the same name is replaced.
 *
 * @throws {LedgerError} if the folder isn't writable
 */
export async function writeResults(
  db: Queryable,
  batch: Batch,
  files: ResultFiles,
  original: Original,
): Promise<ResultFiles> {
  const file = await openOriginal(batch, original);
  try {
    await writeBoth(db, batch.batchId, files, file);
  } catch (error) {
    if (file === undefined || !isOriginalProblem(error)) throw error;
    original.warn(originalUnavailable(batch, error));
    await writeBoth(db, batch.batchId, files, undefined);
  }
  return files;
}

async function writeBoth(db: Queryable, batchId: string, files: ResultFiles, file: NumberFile | undefined) {
  const { names, lines } = linesWith(file, readLines(db, batchId, false));
  await writeCsvFile(files.results, names, lines, { hint });
  await writeRejected(db, batchId, files, file);
}

/** Writes only the rejected lines; returns whether there are any. */
export async function writeRejected(
  db: Queryable,
  batchId: string,
  files: ResultFiles,
  file: NumberFile | undefined,
): Promise<boolean> {
  const { names, lines } = linesWith(file, readLines(db, batchId, true));
  const isAny = await writeCsvFile(files.rejected, names, lines, { evenEmpty: false, hint });
  // Don't leave a file of an earlier batch with the same name.
  if (!isAny) await removeCsvFile(files.rejected);
  return isAny;
}

function linesWith(
  file: NumberFile | undefined,
  lines: AsyncGenerator<Cells[]>,
): { names: readonly string[]; lines: AsyncGenerator<Cells[]> } {
  if (file === undefined || file.columns.headerLine === undefined) return { names: header, lines };
  return withOriginalCells(file, header, lines);
}

/** Stores the same two files with a submitted file, in the client's transaction, instead of writing them to a folder. */
export async function storeResults(
  client: pg.ClientBase,
  file: SubmittedFile,
  { batchId, partOf, resultsName }: Batch,
): Promise<void> {
  const names = { ...resultFiles('', file.name), unassigned: resultFiles('', resultsName).results };
  const store = (kind: 'results' | 'unassigned' | 'rejected') =>
    storeResult(client, {
      ...{ account: file.account, kind, name: names[kind], submittedFileId: file.fileId, batchId },
      content: csvText(header, readLines(client, batchId, kind === 'rejected')),
    });
  await store(partOf === undefined ? 'results' : 'unassigned');
  const rejected = `select from assignment_numbers where batch_id = $1 and outcome = 'REJECTED' limit 1`;
  if ((await client.query(rejected, [batchId])).rowCount === 1) await store('rejected');
}

async function* readLines(db: Queryable, batchId: string, onlyRejected: boolean): AsyncGenerator<Cells[]> {
  let last = [0, 0];
  for (;;) {
    const { rows } = await db.query({
      text: `select n.line_number::text, coalesce(n.number_as_given, n.telephone_number), n.telephone_number,
                    coalesce(n.outcome, case when o.status = 'unknown' then 'UNKNOWN' else 'PENDING' end),
                    n.error_code, coalesce(n.error_description, case when o.status = 'unknown' then o.error_description end), o.order_id,
                    n.position_in_line
               from assignment_numbers n
               left join assignment_orders o on o.batch_id = n.batch_id and o.chunk_number = n.chunk_number
              where n.batch_id = $1 and (n.line_number, n.position_in_line) > ($2, $3)
                    ${onlyRejected ? `and n.outcome = 'REJECTED'` : ''}
              order by n.line_number, n.position_in_line limit ${linesPerQuery}`,
      values: [batchId, ...last],
      rowMode: 'array',
    });
    const end = rows.at(-1);
    last = [Number(end?.[0]), end?.at(-1)];
    for (const row of rows) row.pop();
    if (rows.length > 0) yield rows;
    if (rows.length < linesPerQuery) return;
  }
}
