import { basename, extname, join } from 'node:path';
import type pg from 'pg';
import { type Cells, csvText, removeCsvFile, writeCsvFile } from '../csv-file.js';
import { storeResult } from '../stored-files/result-files.js';
import type { SubmittedFile } from '../stored-files/submitted-files.js';
import type { Batch } from './batches.js';

/** Columns of the result files, in order. */
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
 * Writes one line per line of the file, in file order, and the rejected lines to a separate file if there are any.
 * A file gets its name only once it is complete; an earlier file of the same name is replaced.
 *
 * @throws {LedgerError} if the folder isn't writable
 */
export async function writeResults(db: Queryable, batchId: string, files: ResultFiles): Promise<ResultFiles> {
  await writeCsvFile(files.results, header, readLines(db, batchId, false), { hint });
  await writeRejected(db, batchId, files);
  return files;
}

/** Writes only the rejected lines; returns whether there are any. */
export async function writeRejected(db: Queryable, batchId: string, files: ResultFiles): Promise<boolean> {
  const isAny = await writeCsvFile(files.rejected, header, readLines(db, batchId, true), { evenEmpty: false, hint });
  // Don't leave a file of an earlier batch with the same name.
  if (!isAny) await removeCsvFile(files.rejected);
  return isAny;
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
  let last = 0;
  for (;;) {
    const { rows } = await db.query({
      text: `select n.line_number::text, coalesce(n.number_as_given, n.telephone_number), n.telephone_number,
                    coalesce(n.outcome, case when o.status = 'unknown' then 'UNKNOWN' else 'PENDING' end),
                    n.error_code, coalesce(n.error_description, case when o.status = 'unknown' then o.error_description end), o.order_id
               from assignment_numbers n
               left join assignment_orders o on o.batch_id = n.batch_id and o.chunk_number = n.chunk_number
              where n.batch_id = $1 and n.line_number > $2 ${onlyRejected ? `and n.outcome = 'REJECTED'` : ''}
              order by n.line_number limit ${linesPerQuery}`,
      values: [batchId, last],
      rowMode: 'array',
    });
    if (rows.length > 0) yield rows;
    if (rows.length < linesPerQuery) return;
    last = Number(rows.at(-1)?.[0]);
  }
}
