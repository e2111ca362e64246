import { constants } from 'node:fs';
import { access, link, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LedgerError, messageOf, UsageError } from '../errors.js';

/** `reports/report-2026-11-21T060501Z.html` below the data folder, with the account where it is about one: each has a name of its own. */
export function reportPath(dataDir: string, time: Date, account: string | undefined): string {
  const stamp = time.toISOString().slice(0, 19).replaceAll(':', '');
  const of = account === undefined ? '' : `-${encodeURIComponent(account)}`;
  return join(dataDir, 'reports', `report${of}-${stamp}Z.html`);
}

/**
 * Refuses a file that is there already, before any work is done for it.
 *
 * @throws {UsageError}
 */
export async function refuseExisting(path: string): Promise<void> {
  const exists = await access(path, constants.F_OK).then(
    () => true,
    () => false,
  );
  if (exists) throw existing(path);
}

/**
 * Writes the report under a temporary name and renames it, so that no half of it is ever seen.
 *
 * @throws {UsageError} it is there already, and is not to be replaced
 * @throws {LedgerError} the folder can't be written to
 */
export async function writeReportFile(path: string, html: string, { replace }: { replace: boolean }): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, html);
    if (replace) await rename(temporary, path);
    // Unlike a renaming, a link never takes the place of a file that came meanwhile.
    else await link(temporary, path);
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && syscall === 'link') throw existing(path);
    if (syscall === undefined) throw error;
    throw new LedgerError(`The report can't be written to ${path}: ${code ?? messageOf(error)}. Nothing was written.`, {
      hint: 'Mend the folder, or name another file with --out.',
      cause: error,
    });
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

function existing(path: string): UsageError {
  return new UsageError(`${path} exists already. Nothing was written.`, { hint: 'Add --force to replace it.' });
}
