import { parseDay } from '../dates.js';
import type { BillingBehavior, SandboxReport } from './behavior.js';
import { callAmounts, recordsCsv } from './records.js';
import { type ZipFile, zip } from './zip.js';

/** Larger archives are streamed, without a Content-Length. */
const maxRowsInMemory = 100_000;

export interface ArchiveOptions {
  seed: number;
  /** Keys of the account's numbers. */
  numbers?: Float64Array;
  /** Whether the invoice has a tenth more for outbound calls than their records. */
  invoiceDiffers?: boolean;
}

/** The archive of a report: a buffer, or a stream if it is large. The same report always gives the same bytes. */
export async function archiveOf(
  report: SandboxReport,
  behavior: BillingBehavior,
  options: ArchiveOptions,
): Promise<Buffer | AsyncIterable<Buffer>> {
  const files = behavior.files?.(report) ?? (await defaultFiles(report, behavior, options));
  const days = ((parseDay(report.to) ?? 0) - (parseDay(report.from) ?? 0)) / 86_400_000 + 1;
  const isLarge = behavior.files === undefined && behavior.rowsPerDay * days > maxRowsInMemory;
  return isLarge ? zip(files) : behavior.archive(files);
}

async function defaultFiles(
  report: SandboxReport,
  { rowsPerDay, invoice }: BillingBehavior,
  { seed, numbers, invoiceDiffers = false }: ArchiveOptions,
): Promise<ZipFile[]> {
  const { account, type, from, to } = report;
  const base = `${type}-${from}-${to}`;
  const options = { seed, account, type, rowsPerDay, numbers, from: parseDay(from) ?? 0, to: parseDay(to) ?? 0 };
  if (type === 'INVOICE') {
    const pdf = `%PDF-1.4\n% Invoice of account ${account}, ${from} to ${to}\n%%EOF\n`;
    const document = { name: `${base}.pdf`, content: pdf };
    if (invoice === 'document') return [document];
    return [document, { name: `${base}.csv`, content: invoiceCsv(report, callAmounts(options), invoiceDiffers) }];
  }
  return [{ name: `${base}.csv`, content: recordsCsv(options) }];
}

/** The lines of an invoice. Bandwidth doesn't document the columns of its CSV file: these are made up. */
function invoiceCsv(
  { account, from, to }: SandboxReport,
  amounts: Record<'inbound' | 'outbound', number>,
  differs: boolean,
): string {
  const line = (family: string, description: string, millionths: number) =>
    `INV-${from},${account},${from},${to},${family},${description},${(millionths / 1e6).toFixed(2)}`;
  return [
    'InvoiceNumber,AccountNumber,PeriodStart,PeriodEnd,ProductFamily,Description,Amount',
    line('Voice Usage', 'Outbound calling', differs ? amounts.outbound * 1.1 : amounts.outbound),
    line('Voice Usage', 'Inbound and toll-free calling', amounts.inbound),
    line('Numbers', 'Telephone numbers monthly charge', 25_000_000),
    line('Taxes', 'Taxes and surcharges', 4_200_000),
    '',
  ].join('\n');
}
