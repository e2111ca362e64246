import { parseDay } from '../dates.js';
import type { BillingBehavior, SandboxReport } from './behavior.js';
import { recordsCsv } from './records.js';
import { type ZipFile, zip } from './zip.js';

/** Larger archives are streamed, without a Content-Length. */
const maxRowsInMemory = 100_000;

/** The archive of a report: a buffer, or a stream if it is large. The same report always gives the same bytes. */
export async function archiveOf(
  report: SandboxReport,
  behavior: BillingBehavior,
  seed: number,
): Promise<Buffer | AsyncIterable<Buffer>> {
  const files = behavior.files?.(report) ?? (await defaultFiles(report, behavior, seed));
  const days = ((parseDay(report.to) ?? 0) - (parseDay(report.from) ?? 0)) / 86_400_000 + 1;
  const isLarge = behavior.files === undefined && behavior.rowsPerDay * days > maxRowsInMemory;
  return isLarge ? zip(files) : behavior.archive(files);
}

async function defaultFiles(report: SandboxReport, { rowsPerDay }: BillingBehavior, seed: number): Promise<ZipFile[]> {
  const { account, type, from, to } = report;
  const base = `${type}-${from}-${to}`;
  if (type === 'INVOICE') {
    return [{ name: `${base}.pdf`, content: `%PDF-1.4\n% Invoice of account ${account}, ${from} to ${to}\n%%EOF\n` }];
  }
  const options = { seed, account, type, rowsPerDay, from: parseDay(from) ?? 0, to: parseDay(to) ?? 0 };
  return [{ name: `${base}.csv`, content: recordsCsv(options) }];
}
