import { join } from 'node:path';
import { LedgerError, messageOf } from '../errors.js';
import { writeWhole } from '../output-file.js';

/** A unique path in the data folder: `reports/report-2026-11-21T060501Z.html`, or `report-<account>-…` for one account. */
export function reportPath(dataDir: string, time: Date, account: string | undefined): string {
  const stamp = time.toISOString().slice(0, 19).replaceAll(':', '');
  const of = account === undefined ? '' : `-${encodeURIComponent(account)}`;
  return join(dataDir, 'reports', `report${of}-${stamp}Z.html`);
}

/**
 * Writes the report under a temporary name and renames it, so that no incomplete file is visible.
 *
 * @throws {UsageError} the file exists and `replace` is false
 * @throws {LedgerError} the folder can't be written to
 */
export async function writeReportFile(path: string, html: string, { replace }: { replace: boolean }): Promise<void> {
  try {
    await writeWhole(path, html, { replace });
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw new LedgerError(`The report can't be written to ${path}: ${code ?? messageOf(error)}. Nothing was written.`, {
      hint: 'Free disk space, make the folder writable for this user, or choose another file with tn-ledger report --out FILE.',
      cause: error,
    });
  }
}
