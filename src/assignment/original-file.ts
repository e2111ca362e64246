import type { Cells } from '../csv-file.js';
import { messageOf } from '../errors.js';
import { type CsvRow, FileChangedError } from '../number-file/csv-rows.js';
import { type NumberFile, type OpenOptions, openNumberFile } from '../number-file/number-file.js';
import { UnusableFileError } from '../number-file/unusable-file.js';
import type { Batch } from './batches.js';

/** Where the file of a batch is read again to repeat its columns in the results. */
export interface Original extends Pick<OpenOptions, 'handle' | 'signal'> {
  /** Undefined: the columns aren't repeated. */
  path: string | undefined;
  warn: (sentence: string) => void;
}

/** The file of a batch where it was when it was read, or was moved to. */
export function originalOf({ filePath, partOf }: Batch, options: Pick<Original, 'signal' | 'warn'>): Original {
  // The numbers of a part are on no line of the file.
  return { ...options, path: partOf === undefined ? filePath : undefined };
}

/** Opens the file of a batch again; undefined if it has no header, or with a warning if it isn't the same any more. */
export async function openOriginal(
  batch: Batch,
  { path, warn, ...options }: Original,
): Promise<NumberFile | undefined> {
  const { numberColumn, sheet, fileSha256 } = batch;
  if (numberColumn === undefined || path === undefined) return undefined;
  try {
    const file = await openNumberFile(path, { ...options, column: numberColumn, sheet });
    if (file.sha256 !== fileSha256) throw changed(path);
    return file;
  } catch (error) {
    if (!isOriginalProblem(error)) throw error;
    warn(originalUnavailable(batch, error));
    return undefined;
  }
}

/** Whether the file can't be read again, or isn't the same any more. */
export function isOriginalProblem(error: unknown): boolean {
  return error instanceof UnusableFileError || error instanceof FileChangedError;
}

export function originalUnavailable({ batchId, fileName }: Batch, error: unknown): string {
  return `The results of batch ${batchId} don't repeat the columns of ${fileName}: ${messageOf(error)} They have line numbers instead.`;
}

function changed(path: string): FileChangedError {
  return new FileChangedError(`${path} has changed since it was submitted.`);
}

/**
 * Puts the file's own cells in front of the lines of its results. Both are read as streams, in the order of the file: each line begins
 * with its line number and the number as given, of which the number moves to the end and the cell is among the file's.
 *
 * Cells beyond the file's last header come last, so that they don't move the others.
 */
export function withOriginalCells(
  file: NumberFile,
  names: readonly string[],
  pieces: AsyncGenerator<Cells[]>,
): { names: readonly string[]; lines: AsyncGenerator<Cells[]> } {
  const { header } = file.columns;
  const [lineNumber = '', , ...rest] = names;
  async function* lines(): AsyncGenerator<Cells[]> {
    const cellsOf = createCursor(file);
    for await (const piece of pieces) {
      const joined: Cells[] = [];
      for (const [line = null, , ...outcome] of piece) {
        const cells = cellsOf.at(Number(line)) ?? (await cellsOf.read(Number(line)));
        const own = header.map((_, index) => cells[index] ?? '');
        joined.push([...own, ...outcome, line, ...cells.slice(header.length)]);
      }
      yield joined;
    }
    await cellsOf.finish();
  }
  return { names: [...header, ...unlike(header, [...rest, lineNumber])], lines: lines() };
}

/** Reads the lines of a file up to one after the other. */
function createCursor(file: NumberFile) {
  const batches = file.lines();
  let rows: CsvRow[] = [];
  let index = 0;
  /** The line's cells, if they are in memory. */
  function at(line: number): string[] | undefined {
    while (index < rows.length && (rows[index] as CsvRow).line < line) index += 1;
    const row = rows[index];
    if (row === undefined) return undefined;
    if (row.line !== line) throw changed(file.path);
    return row.cells;
  }
  return {
    at,
    async read(line: number): Promise<string[]> {
      for (;;) {
        const next = await batches.next();
        if (next.done) throw changed(file.path);
        rows = next.value;
        index = 0;
        const cells = at(line);
        if (cells !== undefined) return cells;
      }
    },
    /** Reads the rest, because only the whole file shows that it didn't change. */
    async finish(): Promise<void> {
      // No cell was used.
      if (rows.length === 0) return;
      for await (const _ of batches);
    },
  };
}

/** Adds `_2` to names that the file has too, as a file of earlier results does. */
function unlike(taken: readonly string[], names: readonly string[]): string[] {
  const used = new Set(taken.map((name) => name.trim().toLowerCase()));
  return names.map((name) => {
    let free = name;
    for (let count = 2; used.has(free); count += 1) free = `${name}_${count}`;
    return free;
  });
}
