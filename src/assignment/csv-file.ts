import { rm } from 'node:fs/promises';
import { stringify } from 'csv-stringify/sync';
import { LedgerError, messageOf } from '../errors.js';
import { writeWhole } from '../output-file.js';

export type Cells = (string | null)[];

export interface CsvFileOptions {
  /** Whether a file of nothing but a header is written. */
  evenEmpty?: boolean;
  /** What to do where it can't be written. */
  hint: string;
}

/**
 * Writes a CSV file for people, piece by piece. It appears under its name only when it is whole; one of the same name, from an
 * earlier time, is replaced.
 *
 * @returns whether there were any lines
 * @throws {LedgerError} the folder can't be written to
 */
export async function writeCsvFile(
  path: string,
  header: readonly string[],
  pieces: AsyncGenerator<Cells[]>,
  { evenEmpty = true, hint }: CsvFileOptions,
): Promise<boolean> {
  const first = await pieces.next();
  if (first.done && !evenEmpty) return false;
  try {
    await writeWhole(path, async (file) => {
      const write = (rows: readonly (readonly (string | null)[])[]) =>
        file.appendFile(stringify(rows as Cells[], { escape_formulas: true }));
      await write([header]);
      if (!first.done) await write(first.value);
      for await (const rows of pieces) await write(rows);
    });
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw new LedgerError(`The results can't be written to ${path}: ${code ?? messageOf(error)}.`, {
      hint,
      cause: error,
    });
  }
  return !first.done;
}

/** Removes a file that an earlier run left. */
export async function removeCsvFile(path: string): Promise<void> {
  await rm(path, { force: true });
}
