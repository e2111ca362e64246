import { crc32 } from 'node:zlib';
import AdmZip from 'adm-zip';
import { messageOf } from '../errors.js';
import { type PackedFile, unpack } from '../unpack.js';

/** A part of a workbook, still compressed. */
export interface ZipPart extends PackedFile {
  name: string;
  /** Size according to the archive's directory. */
  bytes: number;
  crc: number;
}

/** What is wrong with a workbook, as the end of a sentence that begins with the file. */
export class WorkbookProblem extends Error {
  override readonly name = 'WorkbookProblem';
}

const maxParts = 10_000;
/** Parts are read as streams, so this limits time, not memory. A sheet of 1,048,576 rows with 20 columns has about 600 MB. */
const maxPartBytes = 2 * 1024 ** 3;
const stored = 0;
const deflated = 8;

/**
 * Reads the directory of a ZIP archive. Names of parts are compared without case, as OPC (ECMA-376 part 2) requires.
 *
 * @throws {WorkbookProblem} it is damaged, encrypted, or beyond the limits
 */
export function readParts(data: Buffer): Map<string, ZipPart> {
  const parts = new Map<string, ZipPart>();
  try {
    const archive = new AdmZip(data);
    if (archive.getEntryCount() > maxParts) throw new WorkbookProblem(`has more than ${maxParts} parts`);
    for (const entry of archive.getEntries()) {
      const { entryName, header, isDirectory } = entry;
      if (isDirectory) continue;
      if (header.encrypted) throw new WorkbookProblem('is encrypted');
      if (header.method !== stored && header.method !== deflated) {
        throw new WorkbookProblem(`has a part compressed by method ${header.method}, which is not supported`);
      }
      if (header.size > maxPartBytes) throw tooLarge(entryName);
      const name = entryName.replaceAll('\\', '/').replace(/^\//, '').toLowerCase();
      const isDeflated = header.method === deflated;
      const compressed = entry.getCompressedData();
      parts.set(name, { name: entryName, isDeflated, compressed, bytes: header.size, crc: header.crc });
    }
  } catch (error) {
    if (error instanceof WorkbookProblem) throw error;
    throw new WorkbookProblem(
      `is a damaged Excel workbook or ZIP archive (${messageOf(error).replace(/^ADM-ZIP: /, '')})`,
      { cause: error },
    );
  }
  return parts;
}

/**
 * Yields the uncompressed bytes of a part in chunks, and verifies size and checksum after the last.
 *
 * @throws {WorkbookProblem} it is damaged or too large
 */
export async function* readPart(part: ZipPart, limit = maxPartBytes): AsyncGenerator<Buffer, void> {
  let bytes = 0;
  let crc = 0;
  try {
    for await (const chunk of unpack(part)) {
      bytes += chunk.length;
      if (bytes > limit) throw tooLarge(part.name);
      crc = crc32(chunk, crc);
      yield chunk;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.startsWith('Z_') !== true) throw error;
    throw new WorkbookProblem(`is damaged: ${part.name} can't be uncompressed (${messageOf(error)})`, { cause: error });
  }
  if (bytes !== part.bytes || crc !== part.crc) {
    throw new WorkbookProblem(`is damaged: ${part.name} has another size or checksum than its directory says`);
  }
}

function tooLarge(name: string): WorkbookProblem {
  return new WorkbookProblem(`unpacks to too much: ${name} is larger than any sheet of numbers`);
}
