import { type ZipEntry, type ZipFile, zipWhole } from '../../../src/sandbox/billing/zip.js';

/** Faults of a report's archive. */
export const archiveFaults = [
  'cut-tail',
  'wrong-crc',
  'wrong-size',
  'nested',
  'encrypted',
  'method',
  'unsafe-names',
  'duplicate-names',
  'many-files',
  'overlap',
  'bomb',
  'no-csv',
  'not-zip',
  'empty',
] as const;

export type ArchiveFault = (typeof archiveFaults)[number];

/** A file for an archive, and the false information in its directory. */
export interface MalformedFile extends ZipFile {
  /** General purpose flags in addition to the real ones; 1 means encrypted. */
  flags?: number;
  /** Instead of 8 (deflated), which the data always are. */
  method?: number;
  /** A false checksum. */
  wrongCrc?: boolean;
  /** Uncompressed size, instead of the real one. */
  size?: number;
  /** The directory points to the data of the previous file. */
  sameData?: boolean;
}

/** Builds a ZIP archive with a faulty directory. */
export function zipMalformed(files: readonly MalformedFile[]): Promise<Buffer> {
  const withData = files.filter(({ sameData }) => !sameData);
  return zipWhole(withData, (entries) => {
    const listed: ZipEntry[] = [];
    const own = entries.values();
    for (const { name, flags = 0, method, wrongCrc, size, sameData } of files) {
      const entry = sameData ? listed.at(-1) : own.next().value;
      if (entry === undefined) throw new TypeError(`There is no data for ${name}.`);
      listed.push({
        ...entry,
        name: Buffer.from(name),
        flags: entry.flags | flags,
        method: method ?? entry.method,
        crc: wrongCrc ? (entry.crc ^ 1) >>> 0 : entry.crc,
        size: size ?? entry.size,
      });
    }
    return listed;
  });
}

/** Builds faulty archives, for `billing.archive` of a sandbox. */
export function archiveWith(fault: ArchiveFault): (files: readonly ZipFile[]) => Promise<Buffer> {
  return async (files) => {
    const [first = { name: 'none.csv', content: '' }] = files;
    switch (fault) {
      case 'cut-tail': {
        const whole = await zipWhole(files);
        return whole.subarray(0, Math.floor(whole.length * 0.7));
      }
      case 'wrong-crc':
        return zipMalformed(files.map((file) => ({ ...file, wrongCrc: true })));
      case 'wrong-size':
        return zipMalformed(files.map((file) => ({ ...file, size: 1 })));
      case 'nested':
        return zipWhole([{ name: 'inner.zip', content: await zipWhole(files) }]);
      case 'encrypted':
        return zipMalformed(files.map((file) => ({ ...file, flags: 1 })));
      case 'method':
        return zipMalformed(files.map((file) => ({ ...file, method: 12 })));
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
        return zipMalformed([first, { ...first, name: 'again.csv', sameData: true }]);
      case 'bomb':
        return zipWhole([{ name: 'bomb.csv', content: zeros(42 * 1024 * 1024) }]);
      case 'no-csv':
        return zipWhole([{ name: 'readme.html', content: '<html></html>' }]);
      case 'not-zip':
        return Buffer.from('PK\x03\x04, or so it seems');
      case 'empty':
        return zipWhole([]);
    }
  };
}

function* zeros(bytes: number): Generator<Buffer, void> {
  const chunk = Buffer.alloc(1024 * 1024);
  for (let sent = 0; sent < bytes; sent += chunk.length) yield chunk;
}
