import { constants } from 'node:buffer';
import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import AdmZip from 'adm-zip';
import { LedgerError, messageOf, UsageError } from '../errors.js';
import { type ArchiveLimits, limitVariables } from './limits.js';
import { holdsDocuments } from './report-type.js';

/** An archive whose directory was read and found good. */
export interface Archive {
  /** Name of its file, for messages. */
  name: string;
  bytes: number;
  files: ArchiveFile[];
}

/** A file in an archive. */
export interface ArchiveFile {
  /** Its base name: what folders the archive names is nobody's concern, and no path is made of it. */
  name: string;
  kind: 'csv' | 'document';
  /** Size that the directory tells; true only once the file was read. */
  bytes: number;
  isDeflated: boolean;
  crc: number;
  /** A part of the archive's own buffer. */
  compressed: Buffer;
}

export interface OpenOptions {
  /** Of report: an archive of invoices may hold documents. */
  type: string;
  limits: ArchiveLimits;
}

/** An archive that is not to be loaded: damaged, encrypted, a bomb, or no archive at all. It stays where it is. */
export class ArchiveError extends LedgerError {
  override readonly name = 'ArchiveError';

  constructor(archive: string, what: string, options: { hint?: string; cause?: unknown } = {}) {
    super(`${archive} ${what}. Nothing of it was loaded, and the archive was kept.`, {
      hint: 'Look at it with `unzip -t`; if it is damaged, request the report again.',
      ...options,
    });
  }
}

/** The largest archive that Node.js can read into one buffer. */
const largestArchive = Math.min(2 ** 31 - 1, constants.MAX_LENGTH);

/**
 * Reads an archive into memory and its directory from there. Its files stay compressed.
 *
 * @throws {ArchiveError} for one that is not whole, encrypted, nested, beyond the limits, or holds what is no CSV
 */
export async function openArchive(path: string, { type, limits }: OpenOptions): Promise<Archive> {
  const name = basename(path);
  const data = await readWhole(path, name);
  const entries = entriesOf(data, name, limits);
  const kept = entries.filter(({ isDirectory, entryName }) => !isDirectory && !isMacMetadata(entryName));
  if (kept.length > limits.entries) throw tooMany(name, kept.length, limits);
  const files = kept.map((entry) => describeFile(entry, name, type));
  refuseDuplicates(files, name);
  refuseBombs(files, name, limits);
  return { name, bytes: data.length, files };
}

async function readWhole(path: string, name: string): Promise<Buffer> {
  const { size } = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw new UsageError(`The archive ${path} can't be read: ${cause.message}.`, { cause });
  });
  if (size > largestArchive) {
    throw new ArchiveError(name, `is ${size} bytes, more than the 2 GiB that can be read`, {
      hint: 'Request shorter ranges of days, or unzip it and zip its files one by one.',
    });
  }
  const data = Buffer.allocUnsafeSlow(size);
  const handle = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw new UsageError(`The archive ${path} can't be read: ${cause.message}.`, { cause });
  });
  try {
    // One buffer, filled in place: fs.readFile would need the archive's size twice over.
    let filled = 0;
    while (filled < size) {
      const { bytesRead } = await handle.read(data, filled, Math.min(readBytes, size - filled));
      if (bytesRead === 0) throw new ArchiveError(name, 'became shorter while it was read');
      filled += bytesRead;
    }
    return data;
  } finally {
    await handle.close();
  }
}

const readBytes = 4 * 1024 * 1024;

/** A folder and what macOS adds may come with each file; they are not files, but each takes memory before that is known. */
const entriesPerFile = 3;
/** Longer names are made to be costly: adm-zip makes an entry for each of the folders that a name has in it. */
const longestName = 1024; // bytes

/** Reads the directory, but no more of it than an archive within the limits has. */
function entriesOf(data: Buffer, name: string, limits: ArchiveLimits): AdmZip.IZipEntry[] {
  if (data.length === 0) throw new ArchiveError(name, 'is empty');
  if (!isZip(data)) throw new ArchiveError(name, 'is no ZIP archive');
  const decoder = {
    encode: (text: string) => Buffer.from(text),
    decode: (bytes: Buffer) => {
      if (bytes.length <= longestName) return bytes.toString();
      throw new ArchiveError(name, `holds a file whose name is ${bytes.length} bytes long`);
    },
  };
  let entries: AdmZip.IZipEntry[];
  try {
    const options: Partial<AdmZip.InitOptions> & { decoder: typeof decoder } = { decoder };
    const archive = new AdmZip(data, options);
    const count = archive.getEntryCount();
    if (count > limits.entries * entriesPerFile) throw tooMany(name, count, limits);
    entries = archive.getEntries();
  } catch (cause) {
    if (cause instanceof ArchiveError) throw cause;
    const told = messageOf(cause).replace(/^ADM-ZIP: /, '');
    if (/duplicate/i.test(told)) {
      throw new ArchiveError(name, `holds two files of the same name (${told})`, { cause });
    }
    throw new ArchiveError(name, `has a directory that can't be read, as one that was cut off has (${told})`, {
      cause,
    });
  }
  if (entries.length === 0) throw new ArchiveError(name, 'holds no file');
  return entries;
}

function describeFile(entry: AdmZip.IZipEntry, archive: string, type: string): ArchiveFile {
  const { entryName, header } = entry;
  const name = entryName.split(/[/\\]/).at(-1) ?? '';
  const shown = JSON.stringify(name);
  if (name === '' || name.includes('\0'))
    throw new ArchiveError(archive, `holds a file without a usable name (${shown})`);
  if (header.encrypted) throw new ArchiveError(archive, `is encrypted (its file ${shown})`, { hint: encryptedHint });
  if (header.method !== stored && header.method !== deflated) {
    throw new ArchiveError(archive, `holds ${shown} compressed by method ${header.method}, which is not supported`);
  }
  let compressed: Buffer;
  try {
    compressed = entry.getCompressedData();
  } catch (cause) {
    throw new ArchiveError(archive, `has no whole ${shown} where its directory says, as one that was cut off`, {
      cause,
    });
  }
  const extension = /\.([^.]*)$/.exec(name)?.[1]?.toLowerCase() ?? '';
  if (extension === 'zip' || (header.method === stored && isZip(compressed))) {
    throw new ArchiveError(archive, `holds another archive, ${shown}`, { hint: 'Unzip it and load what is inside.' });
  }
  const kind = ['csv', 'txt', ''].includes(extension) ? 'csv' : 'document';
  if (kind === 'document' && !holdsDocuments(type)) {
    throw new ArchiveError(archive, `holds ${shown}, which is no CSV file`, {
      hint: `Check that it is an archive of type ${type}.`,
    });
  }
  return { name, kind, bytes: header.size, isDeflated: header.method === deflated, crc: header.crc, compressed };
}

const encryptedHint = 'Unzip it with its password, zip what is inside again without one, and load that.';
const stored = 0;
const deflated = 8;

function refuseDuplicates(files: readonly ArchiveFile[], archive: string): void {
  const seen = new Set<string>();
  for (const { name } of files) {
    if (seen.has(name)) throw new ArchiveError(archive, `holds two files of the same name, ${JSON.stringify(name)}`);
    seen.add(name);
  }
}

/** By what the directory tells; what it doesn't tell, or tells wrong, is found when the files are read. */
function refuseBombs(files: readonly ArchiveFile[], archive: string, limits: ArchiveLimits): void {
  let total = 0;
  for (const { name, bytes, compressed } of files) {
    if (bytes > limits.ratio * compressed.length) throw tooDense(archive, name, limits);
    total += bytes;
    if (total > limits.uncompressedBytes) throw tooLarge(archive, limits);
  }
  const places = files.map(({ compressed }) => compressed).sort((a, b) => a.byteOffset - b.byteOffset);
  for (const [index, { byteOffset }] of places.entries()) {
    const before = places[index - 1];
    if (before !== undefined && byteOffset < before.byteOffset + before.length) {
      throw new ArchiveError(archive, 'holds files that overlap, as archives made to fill a disk do');
    }
  }
}

function tooMany(archive: string, count: number, limits: ArchiveLimits): ArchiveError {
  return new ArchiveError(archive, `holds ${count} files, more than the ${limits.entries} allowed`, {
    hint: `If it is genuine, allow them with ${limitVariables.entries} and load it again.`,
  });
}

export function tooDense(archive: string, file: string, limits: ArchiveLimits): ArchiveError {
  return new ArchiveError(
    archive,
    `holds ${JSON.stringify(file)}, which unpacks to more than ${limits.ratio} times its compressed size`,
    { hint: `If it is genuine, allow more with ${limitVariables.ratio} and load it again.` },
  );
}

export function tooLarge(archive: string, limits: ArchiveLimits): ArchiveError {
  return new ArchiveError(archive, `unpacks to more than the ${limits.uncompressedBytes} bytes allowed`, {
    hint: `If it is genuine, allow more with ${limitVariables.uncompressedBytes} and load it again.`,
  });
}

/** Whether bytes begin as a ZIP archive does: with a file, or with the end of an archive without any. */
export function isZip(bytes: Uint8Array): boolean {
  const [p, k, third, fourth] = bytes;
  return p === 0x50 && k === 0x4b && ((third === 3 && fourth === 4) || (third === 5 && fourth === 6));
}

/** What macOS adds to the archives that it makes. */
function isMacMetadata(entryName: string): boolean {
  return entryName.startsWith('__MACOSX/');
}
