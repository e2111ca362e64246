import { rm } from 'node:fs/promises';
import { stringify } from 'csv-stringify/sync';
import { LedgerError, messageOf } from './errors.js';
import { writeWhole } from './output-file.js';

export type Cells = (string | null)[];

export interface CsvFileOptions {
  /** Whether to write the file if it would contain only the header. */
  evenEmpty?: boolean;
  /** How to fix a write error. */
  hint: string;
}

/** Yields a CSV file as text, with formulas escaped for spreadsheets. */
export async function* csvText(
  header: readonly string[],
  pieces: AsyncIterable<readonly Cells[]>,
): AsyncGenerator<string> {
  const format = (rows: readonly (readonly (string | null)[])[]) =>
    stringify(rows as Cells[], { escape_formulas: true });
  yield format([header]);
  for await (const rows of pieces) yield format(rows);
}

/**
 * Streams rows into a CSV file, with formulas escaped for spreadsheets. The file gets its name only once it is complete; an
 * existing file of that name is replaced.
 *
 * @returns whether there were any rows
 * @throws {LedgerError} the folder isn't writable
 */
export async function writeCsvFile(
  path: string,
  header: readonly string[],
  pieces: AsyncGenerator<Cells[]>,
  { evenEmpty = true, hint }: CsvFileOptions,
): Promise<boolean> {
  const first = await pieces.next();
  if (first.done && !evenEmpty) return false;
  async function* all() {
    if (!first.done) yield first.value;
    yield* pieces;
  }
  try {
    await writeWhole(path, async (file) => {
      for await (const text of csvText(header, all())) await file.appendFile(text);
    });
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw new LedgerError(`Cannot write the results to ${path}: ${code ?? messageOf(error)}.`, {
      hint,
      cause: error,
    });
  }
  return !first.done;
}

/** Removes a file from an earlier run, if any. */
export async function removeCsvFile(path: string): Promise<void> {
  await rm(path, { force: true });
}
