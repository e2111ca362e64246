import { basename } from 'node:path';
import type { Database } from '../database/connect.js';
import { inTransaction } from '../database/transaction.js';
import { LedgerError, messageOf } from '../errors.js';
import { beginFile, checkOutputPath, writeWhole } from '../output-file.js';
import { fileContent, fileKind } from './file-content.js';
import { type FilingParameters, readFilingRows } from './filing-rows.js';
import { storeFiling } from './filings.js';
import { blanks, type FilingRow, hyphenated } from './form.js';
import type { Form502, FormColumn } from './form-data.js';
import { describeAccounts } from './scope.js';

export interface ExportOptions {
  path: string;
  /** Overwrite an existing file. */
  force: boolean;
  /** Allow blanks in required columns. */
  allowGaps: boolean;
  data: Form502;
  signal: AbortSignal;
}

export interface Exported {
  id: string;
  sha256: string;
  rows: FilingRow[];
}

/**
 * Counts the numbers, writes the file and stores the filing: all three or none.
 *
 * @throws {UsageError} the file exists, is a folder, or has an unsupported extension
 * @throws {LedgerError} there is nothing to file, a required column has blanks, or the file can't be written
 */
export async function exportFiling(
  database: Database,
  parameters: FilingParameters,
  options: ExportOptions,
): Promise<Exported> {
  const { path, data, signal } = options;
  const kind = fileKind(path);
  await checkOutputPath(path, { replace: options.force });
  const file = await withFileErrors(path, () => beginFile(path));
  try {
    const exported = await inTransaction(database, { snapshot: 'writable', signal }, async (client) => {
      // One snapshot for the counts, the carrier names and the time stored with them.
      const rows = await readFilingRows(client, parameters);
      refuseEmpty(rows, parameters);
      if (!options.allowGaps) refuseGaps(rows, data[parameters.form.id]);
      const content = await fileContent(kind, { form: parameters.form, rows, data });
      await withFileErrors(path, () => file.handle.writeFile(content));
      const stored = await storeFiling(client, {
        parameters,
        gapsAllowed: options.allowGaps,
        fileName: basename(path),
        content,
        rows,
        formVersion: data.version,
      });
      return { ...stored, rows };
    });
    await withFileErrors(path, () => file.finish({ replace: options.force }));
    return exported;
  } finally {
    await file.discard();
  }
}

/** Writes a stored filing to a file. */
export async function writeFilingFile(path: string, content: Buffer, force: boolean): Promise<void> {
  await checkOutputPath(path, { replace: force });
  await withFileErrors(path, () => writeWhole(path, content, { replace: force }));
}

export function refuseEmpty(rows: readonly FilingRow[], { asOf, accounts, state }: FilingParameters): void {
  if (rows.length > 0) return;
  throw new LedgerError(
    `No number of ${describeAccounts(accounts)}${state === undefined ? '' : ` in ${state}`} counts at the end of ${asOf} (UTC), so there is nothing to file.`,
    { hint: `tn-ledger audit --as-of ${asOf} lists the numbers that are left out, and why.` },
  );
}

/** @throws {LedgerError} a column that the form requires has blanks */
export function refuseGaps(rows: readonly FilingRow[], columns: readonly FormColumn[]): void {
  const gaps = describeGaps(rows, columns);
  if (gaps.length === 0) return;
  const kinds = gaps.map(({ text }) => text).join('; ');
  throw new LedgerError(`The ledger lacks values that the form requires: ${kinds}. Nothing was written.`, {
    hint: 'Run tn-ledger run sync-number-details to read rate centers, states and carriers, set one assignor for all rows with --assignor, or leave blanks to fill in by hand with --allow-gaps.',
  });
}

/** The required columns that have blanks: how many rows, and the first few codes. */
export function describeGaps(
  rows: readonly FilingRow[],
  columns: readonly FormColumn[],
): { count: number; text: string }[] {
  const gaps = rows.flatMap((row) => blanks(row).map((value) => ({ code: row.code, value })));
  return [...new Set(gaps.map(({ value }) => value))].map((value) => {
    const heading = columns.find((column) => column.value === value)?.heading ?? value;
    const codes = gaps.filter((gap) => gap.value === value).map(({ code }) => hyphenated(code));
    const examples = codes.slice(0, 5).join(', ');
    return {
      count: codes.length,
      text: `${heading} of ${codes.length} ${codes.length === 1 ? 'row' : 'rows'} (${examples}${codes.length > 5 ? ', …' : ''})`,
    };
  });
}

/** Runs `write` and turns its file system errors into a LedgerError. */
export async function withFileErrors<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof LedgerError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new LedgerError(`${path} can't be written: ${code ?? messageOf(error)}.`, {
      hint: 'Make sure its folder exists and is writable, and try again.',
      cause: error,
    });
  }
}
