import { basename, extname, join } from 'node:path';
import type pg from 'pg';
import { type Cells, removeCsvFile, writeCsvFile } from './csv-file.js';

/** Columns of the results, in their order. */
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
  'What became of the numbers is in the database: the same command writes the results when the folder can be written to (--out names another).';

/** Lines that are read from the database, and are in memory, at a time. */
const linesAtOnce = 5000;

/** Where the results of a file go. */
export interface ResultFiles {
  results: string;
  rejected: string;
}

/** `numbers.results.csv` and `numbers.rejected.csv` in a folder, for `numbers.csv` or any other extension. */
export function resultFiles(folder: string, fileName: string): ResultFiles {
  const base = basename(fileName, extname(fileName));
  return { results: join(folder, `${base}.results.csv`), rejected: join(folder, `${base}.rejected.csv`) };
}

/** Where a batch's lines are read from: also within the transaction that records them. */
type Queryable = pg.ClientBase | pg.Pool;

/**
 * Writes one line for each of the file's, in its order, and the rejected ones to a file of their own if there are any. A file appears under its
 * name only when it is whole; one of the same name, from an earlier time, is replaced.
 *
 * @throws {LedgerError} the folder can't be written to
 */
export async function writeResults(db: Queryable, batchId: string, files: ResultFiles): Promise<ResultFiles> {
  await writeCsvFile(files.results, header, readLines(db, batchId, false), { hint });
  await writeRejected(db, batchId, files);
  return files;
}

/** The same for the rejected lines alone; true where there are any. */
export async function writeRejected(db: Queryable, batchId: string, files: ResultFiles): Promise<boolean> {
  const isAny = await writeCsvFile(files.rejected, header, readLines(db, batchId, true), { evenEmpty: false, hint });
  // What an earlier batch of that name left is not this one's.
  if (!isAny) await removeCsvFile(files.rejected);
  return isAny;
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
              order by n.line_number limit ${linesAtOnce}`,
      values: [batchId, last],
      rowMode: 'array',
    });
    if (rows.length > 0) yield rows;
    if (rows.length < linesAtOnce) return;
    last = Number(rows.at(-1)?.[0]);
  }
}
