import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parse } from 'csv-parse';
import { withOriginalCells } from '../assignment/original-file.js';
import type { SubmittedOptions } from '../assignment/submitted-source.js';
import { type Cells, csvText } from '../csv-file.js';
import type { Database } from '../database/connect.js';
import { openNumberFile } from '../number-file/number-file.js';
import { copyTo } from '../stored-files/local-copy.js';
import type { Content, StoredFile } from '../stored-files/parts.js';
import { fileOfResult } from '../stored-files/submitted-files.js';

/** Members of the group roles don't read submitted files, which may have columns that the ledger doesn't keep. */
export async function mayReadSubmitted({ pool }: Database): Promise<boolean> {
  const { rows } = await pool.query(`select has_table_privilege('tn_ledger.submitted_file_parts', 'select') as may`);
  return rows[0].may;
}

/**
 * Passes on the content of a stored file. If it is the results of a submitted file that this user may read, they begin with that file's own
 * columns, as those that `assign` writes: they are stored without, because more people may read them.
 */
export async function withOwnColumns(
  database: Database,
  file: StoredFile,
  parts: AsyncIterable<Buffer>,
  write: (content: Content) => Promise<void>,
): Promise<void> {
  const submitted = await fileOfResult(database.pool, file);
  if (submitted === undefined || !(await mayReadSubmitted(database))) return write(parts);
  const copy = await copyTo(database, await mkdtemp(join(tmpdir(), 'tn-ledger-get-')), submitted);
  try {
    const { column, sheet } = submitted.options as SubmittedOptions;
    const original = await openNumberFile(copy.path, { column, sheet });
    if (original.columns.headerLine === undefined) return await write(parts);
    const rows = readRows(parts);
    const { value: header = [] } = await rows.next();
    const { names, lines } = withOriginalCells(original, header, inBatches(rows));
    await write(csvText(names, lines));
  } finally {
    await copy.remove();
  }
}

async function* readRows(parts: AsyncIterable<Buffer>): AsyncGenerator<string[], void> {
  const parser = parse();
  // Its errors end the parser, which throws them.
  pipeline(Readable.from(parts, { objectMode: false }), parser).catch(() => undefined);
  yield* parser;
}

const rowsPerBatch = 5000;

async function* inBatches(rows: AsyncIterable<string[]>): AsyncGenerator<Cells[]> {
  let batch: Cells[] = [];
  for await (const row of rows) {
    batch.push(row);
    if (batch.length < rowsPerBatch) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
