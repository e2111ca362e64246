import { parseDay } from '../dates.js';
import type { BillingBehaviour, SandboxReport } from './behaviour.js';
import { recordsCsv } from './records.js';
import { type ZipFile, zip, zipWhole } from './zip.js';

/** Archives of more records are made while they are sent, and tell no length. */
const mostRowsInMemory = 100_000;

/** A report's archive: whole, or as a stream where it is large. The same report gives the same bytes. */
export async function archiveOf(
  report: SandboxReport,
  behaviour: BillingBehaviour,
  seed: number,
): Promise<Buffer | AsyncIterable<Buffer>> {
  const files = behaviour.files?.(report) ?? (await usualFiles(report, behaviour, seed));
  const days = ((parseDay(report.to) ?? 0) - (parseDay(report.from) ?? 0)) / 86_400_000 + 1;
  if (behaviour.files === undefined && behaviour.archiveFault === undefined) {
    if (behaviour.rowsPerDay * days > mostRowsInMemory) return zip(files);
    return zipWhole(files);
  }
  return damaged(files, behaviour);
}

async function usualFiles(report: SandboxReport, { rowsPerDay }: BillingBehaviour, seed: number): Promise<ZipFile[]> {
  const { account, type, from, to } = report;
  const base = `${type}-${from}-${to}`;
  if (type === 'INVOICE') {
    return [{ name: `${base}.pdf`, content: `%PDF-1.4\n% Invoice of account ${account}, ${from} to ${to}\n%%EOF\n` }];
  }
  const options = { seed, account, type, rowsPerDay, from: parseDay(from) ?? 0, to: parseDay(to) ?? 0 };
  return [{ name: `${base}.csv`, content: recordsCsv(options) }];
}

async function damaged(files: ZipFile[], { archiveFault }: BillingBehaviour): Promise<Buffer> {
  const [first = { name: 'none.csv', content: '' }] = files;
  switch (archiveFault) {
    case 'cut-tail': {
      const whole = await zipWhole(files);
      return whole.subarray(0, Math.floor(whole.length * 0.7));
    }
    case 'wrong-crc':
      return zipWhole(files.map((file) => ({ ...file, wrongCrc: true })));
    case 'wrong-size':
      return zipWhole(files.map((file) => ({ ...file, size: 1 })));
    case 'nested':
      return zipWhole([{ name: 'inner.zip', content: await zipWhole(files) }]);
    case 'encrypted':
      return zipWhole(files.map((file) => ({ ...file, flags: 1 })));
    case 'method':
      return zipWhole(files.map((file) => ({ ...file, method: 12 })));
    case 'unsafe-names':
      return zipWhole([
        { ...first, name: '../../escaped.csv' },
        { ...first, name: '/tmp/absolute.csv', content: 'CallID\nabsolute\n' },
        { ...first, name: '..\\windows.csv', content: 'CallID\nwindows\n' },
      ]);
    case 'duplicate-names':
      return zipWhole([first, { ...first, name: `other/${first.name}`, content: 'CallID\nagain\n' }]);
    case 'many-files':
      return zipWhole(Array.from({ length: 101 }, (_, n) => ({ name: `${n}.csv`, content: 'CallID\nx\n' })));
    case 'overlap':
      return zipWhole([first, { ...first, name: 'again.csv', sameData: true }]);
    case 'bomb':
      return zipWhole([{ name: 'bomb.csv', content: zeros(42 * 1024 * 1024) }]);
    case 'no-csv':
      return zipWhole([{ name: 'readme.html', content: '<html></html>' }]);
    case 'not-zip':
      return Buffer.from('PK\x03\x04, or so it seems');
    case 'empty':
      return zipWhole([]);
    default:
      return zipWhole(files);
  }
}

function* zeros(bytes: number): Generator<Buffer, void> {
  const chunk = Buffer.alloc(1024 * 1024);
  for (let sent = 0; sent < bytes; sent += chunk.length) yield chunk;
}
