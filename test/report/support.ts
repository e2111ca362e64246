import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { Ledger } from '../sync/support/ledger.js';

/** The names of the reports in the data folder, oldest first, and the text of the last one. */
export async function readReports(ledger: Pick<Ledger, 'dataDir'>): Promise<{ names: string[]; last: string }> {
  const folder = join(ledger.dataDir, 'reports');
  const names = (await readdir(folder)).sort();
  return { names, last: await readFile(join(folder, names.at(-1) as string), 'utf8') };
}

/** Runs `nightly` and asserts that it succeeds. */
export async function runNightly(t: ExecutionContext<unknown>, ledger: Ledger): Promise<void> {
  const report = await ledger.run('nightly');
  t.is(report.result, 'succeeded', report.error?.message);
}
