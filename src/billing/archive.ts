import { constants } from 'node:buffer';
import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import AdmZip from 'adm-zip';
import type { ArchiveLimits } from '../config.js';
import { LedgerError, messageOf, UsageError } from '../errors.js';
import { isZip } from '../unpack.js';
import { limitVariables } from './limits.js';
import { holdsDocuments } from './report-type.js';

/** An archive whose directory was read and validated. */
export interface Archive {
  /** File name, for messages. */
  name: string;
  bytes: number;
  files: ArchiveFile[];
}

/** A file in an archive. */
export interface ArchiveFile {
  /** Its base name. Folder names in the archive are ignored and never used in a path. */
  name: string;
  kind: 'csv' | 'document';
  /** Size according to the directory; verified only when the file is read. */
  bytes: number;
  isDeflated: boolean;
  crc: number;
  /** A slice of the archive's buffer. */
  compressed: Buffer;
}

export interface OpenOptions {
  /** Report type: an archive of invoices may contain documents. */
  type: string;
  limits: ArchiveLimits;
}

/** An archive that must not be loaded: damaged, encrypted, a zip bomb, or not an archive at all. It stays on disk. */
export class ArchiveError extends LedgerError {
  override readonly name = 'ArchiveError';

  constructor(archive: string, what: string, options: { hint?: string; cause?: unknown } = {}) {
    super(`${archive} ${what}. Nothing was loaded, and the archive was kept.`, {
      hint: 'Check it with `unzip -t`; if it is damaged, request the report again.',
      ...options,
    });
  }
}

/** The largest archive that Node.js can read into one buffer. */
export const maxArchiveBytes = Math.min(2 ** 31 - 1, constants.MAX_LENGTH);

/**
 * Reads an archive into memory and parses its directory. Its files stay compressed.
 *
 * @throws {ArchiveError} if it is incomplete, encrypted, nested, beyond the limits, or contains files other than
 *   CSV
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
  if (size > maxArchiveBytes) {
    throw new ArchiveError(name, `is ${size} bytes, more than the 2 GiB limit`, {
      hint: 'Request shorter date ranges, or unzip it and zip its files one by one.',
    });
  }
  const data = Buffer.allocUnsafeSlow(size);
  const handle = await open(path, 'r').catch((cause: NodeJS.ErrnoException) => {
    throw new UsageError(`The archive ${path} can't be read: ${cause.message}.`, { cause });
  });
  try {
    // Fill one buffer in place: fs.readFile would need twice the archive's size.
    let filled = 0;
    while (filled < size) {
      const { bytesRead } = await handle
        .read(data, filled, Math.min(readBytes, size - filled))
        .catch((cause: NodeJS.ErrnoException) => {
          throw new UsageError(`The archive ${path} can't be read: ${cause.message}.`, { cause });
        });
      if (bytesRead === 0) throw new ArchiveError(name, 'became shorter while it was being read');
      filled += bytesRead;
    }
    return data;
  } finally {
    await handle.close();
  }
}

const readBytes = 4 * 1024 * 1024;

/**
 * Each file may come with a folder entry and a macOS metadata entry. They don't count as files, but each takes
 * memory before that is known.
 */
const entriesPerFile = 3;
/** Longer names are an attack: adm-zip creates an entry for each folder in a name. */
const maxNameBytes = 1024; // bytes

/** Reads the directory, up to the size that an archive within the limits can have. */
function entriesOf(data: Buffer, name: string, limits: ArchiveLimits): AdmZip.IZipEntry[] {
  if (data.length === 0) throw new ArchiveError(name, 'is empty');
  if (!isZip(data)) throw new ArchiveError(name, "isn't a ZIP archive");
  const decoder = {
    encode: (text: string) => Buffer.from(text),
    decode: (bytes: Buffer) => {
      if (bytes.length <= maxNameBytes) return bytes.toString();
      throw new ArchiveError(name, `contains a file whose name is ${bytes.length} bytes long`);
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
    const reason = messageOf(cause).replace(/^ADM-ZIP: /, '');
    if (/duplicate/i.test(reason)) {
      throw new ArchiveError(name, `contains two files of the same name (${reason})`, { cause });
    }
    throw new ArchiveError(name, `has an unreadable directory and may be truncated (${reason})`, {
      cause,
    });
  }
  if (entries.length === 0) throw new ArchiveError(name, 'contains no files');
  return entries;
}

function describeFile(entry: AdmZip.IZipEntry, archive: string, type: string): ArchiveFile {
  const { entryName, header } = entry;
  const name = entryName.split(/[/\\]/).at(-1) ?? '';
  const shown = JSON.stringify(name);
  if (name === '' || name.includes('\0'))
    throw new ArchiveError(archive, `contains a file without a usable name (${shown})`);
  if (header.encrypted) throw new ArchiveError(archive, `is encrypted (its file ${shown})`, { hint: encryptedHint });
  if (header.method !== stored && header.method !== deflated) {
    throw new ArchiveError(archive, `contains ${shown} compressed by method ${header.method}, which is not supported`);
  }
  let compressed: Buffer;
  try {
    compressed = entry.getCompressedData();
  } catch (cause) {
    throw new ArchiveError(archive, `is missing data of ${shown} and may be truncated`, {
      cause,
    });
  }
  const extension = /\.([^.]*)$/.exec(name)?.[1]?.toLowerCase() ?? '';
  if (extension === 'zip' || (header.method === stored && isZip(compressed))) {
    throw new ArchiveError(archive, `contains another archive, ${shown}`, {
      hint: 'Unzip it and load the inner archive.',
    });
  }
  const kind = ['csv', 'txt', ''].includes(extension) ? 'csv' : 'document';
  if (kind === 'document' && !holdsDocuments(type)) {
    throw new ArchiveError(archive, `contains ${shown}, which isn't a CSV file`, {
      hint: `Check that it is an archive of type ${type}.`,
    });
  }
  return { name, kind, bytes: header.size, isDeflated: header.method === deflated, crc: header.crc, compressed };
}

const encryptedHint = 'Unzip it with its password, zip the contents again without one, and load the new archive.';
const stored = 0;
const deflated = 8;

function refuseDuplicates(files: readonly ArchiveFile[], archive: string): void {
  const seen = new Set<string>();
  for (const { name } of files) {
    if (seen.has(name)) throw new ArchiveError(archive, `contains two files of the same name, ${JSON.stringify(name)}`);
    seen.add(name);
  }
}

/** Checks the sizes in the directory. Missing or wrong sizes are found when the files are read. */
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
      throw new ArchiveError(archive, 'contains overlapping files, as zip bombs do');
    }
  }
}

function tooMany(archive: string, count: number, limits: ArchiveLimits): ArchiveError {
  return new ArchiveError(archive, `contains ${count} files, more than the limit of ${limits.entries}`, {
    hint: `If it is genuine, raise ${limitVariables.entries} and load it again.`,
  });
}

export function tooDense(archive: string, file: string, limits: ArchiveLimits): ArchiveError {
  return new ArchiveError(
    archive,
    `contains ${JSON.stringify(file)}, which unpacks to more than ${limits.ratio} times its compressed size`,
    { hint: `If it is genuine, raise ${limitVariables.ratio} and load it again.` },
  );
}

export function tooLarge(archive: string, limits: ArchiveLimits): ArchiveError {
  return new ArchiveError(archive, `unpacks to more than the limit of ${limits.uncompressedBytes} bytes`, {
    hint: `If it is genuine, raise ${limitVariables.uncompressedBytes} and load it again.`,
  });
}

/** Metadata that macOS adds to archives. */
function isMacMetadata(entryName: string): boolean {
  return entryName.startsWith('__MACOSX/');
}
