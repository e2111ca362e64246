import { join } from 'node:path';
import { LedgerError, messageOf } from '../errors.js';
import { writeWhole } from '../output-file.js';

/** `reports/report-2026-11-21T060501Z.html` below the data folder, with the account where it is about one: each has a name of its own. */
export function reportPath(dataDir: string, time: Date, account: string | undefined): string {
  const stamp = time.toISOString().slice(0, 19).replaceAll(':', '');
  const of = account === undefined ? '' : `-${encodeURIComponent(account)}`;
  return join(dataDir, 'reports', `report${of}-${stamp}Z.html`);
}

/**
 * Writes the report under a temporary name and renames it, so that no half of it is ever seen.
 *
 * @throws {UsageError} it is there already, and is not to be replaced
 * @throws {LedgerError} the folder can't be written to
 */
export async function writeReportFile(path: string, html: string, { replace }: { replace: boolean }): Promise<void> {
  try {
    await writeWhole(path, html, { replace });
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw new LedgerError(`The report can't be written to ${path}: ${code ?? messageOf(error)}. Nothing was written.`, {
      hint: 'Make room on the disk or let this user write to the folder, or name another file with tn-ledger report --out FILE.',
      cause: error,
    });
  }
}
