import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { Ledger } from '../sync/support/ledger.js';

/** Names of the reports below the data folder, oldest first; the last one's text. */
export async function readReports(ledger: Pick<Ledger, 'dataDir'>): Promise<{ names: string[]; last: string }> {
  const folder = join(ledger.dataDir, 'reports');
  const names = (await readdir(folder)).sort();
  return { names, last: await readFile(join(folder, names.at(-1) as string), 'utf8') };
}

/** Runs a night that must succeed. */
export async function night(t: ExecutionContext<unknown>, ledger: Ledger): Promise<void> {
  const report = await ledger.run('nightly');
  t.is(report.result, 'succeeded', report.error?.message);
}
