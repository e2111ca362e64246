import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LedgerError, messageOf } from '../errors.js';
import { writeWhole } from '../output-file.js';
import { dayMs } from '../wall-clock.js';

/** A unique path in the data folder: `reports/report-2026-11-21T060501Z.html`, or `report-<account>-…` for one account. */
export function reportPath(dataDir: string, time: Date, account: string | undefined): string {
  const of = account === undefined ? '' : `-${encodeURIComponent(account)}`;
  return join(dataDir, 'reports', `report${of}-${stampOf(time)}.html`);
}

function stampOf(time: Date): string {
  return `${time.toISOString().slice(0, 19).replaceAll(':', '')}Z`;
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

const reportName = /^report(?:-(?<account>.+))?-(?<stamp>\d{4}-\d\d-\d\dT\d{6}Z)\.html$/;

/**
 * Finds report files in the data folder, as paths, that are older than the given number of days by their names. The latest
 * report of each account isn't old.
 */
export async function findOldReports(
  dataDir: string,
  { days, now, account }: { days: number; now: Date; account?: string },
): Promise<string[]> {
  const folder = join(dataDir, 'reports');
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const before = stampOf(new Date(now.getTime() - days * dayMs));
  const byAccount = new Map<string | undefined, { name: string; stamp: string }[]>();
  for (const name of names) {
    const { account: of, stamp } = reportName.exec(name)?.groups ?? {};
    if (stamp === undefined || (account !== undefined && of !== encodeURIComponent(account))) continue;
    byAccount.set(of, [...(byAccount.get(of) ?? []), { name, stamp }]);
  }
  const old = [...byAccount.values()].flatMap((files) => {
    const latest = files.reduce((one, other) => (one.stamp >= other.stamp ? one : other));
    return files.filter((file) => file !== latest && file.stamp < before);
  });
  return old.map(({ name }) => join(folder, name)).sort();
}

/** Removes what `findOldReports` finds; returns how many there were. */
export async function removeOldReports(
  dataDir: string,
  options: { days: number; now: Date; account?: string },
): Promise<number> {
  const old = await findOldReports(dataDir, options);
  for (const path of old) await rm(path, { force: true });
  return old.length;
}
