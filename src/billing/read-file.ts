import { crc32 } from 'node:zlib';
import type { ArchiveLimits } from '../config.js';
import { messageOf } from '../errors.js';
import { unpack } from '../unpack.js';
import { type Archive, ArchiveError, type ArchiveFile, tooDense, tooLarge } from './archive.js';

export interface ReadOptions {
  limits: ArchiveLimits;
  /** Uncompressed bytes of the archive's earlier files: the limit applies to the total. */
  unpacked: number;
}

/**
 * Yields the uncompressed bytes of a file in chunks, and verifies size and checksum at the end: if this throws, the
 * caller must undo what it did with them.
 *
 * @throws {ArchiveError} if the file is damaged or larger than allowed
 */
export async function* readFileIn(
  archive: Archive,
  file: ArchiveFile,
  { limits, unpacked }: ReadOptions,
): AsyncGenerator<Buffer, void> {
  const shown = JSON.stringify(file.name);
  let bytes = 0;
  let crc = 0;
  for await (const chunk of uncompressed(archive, file)) {
    bytes += chunk.length;
    if (bytes > limits.ratio * file.compressed.length) throw tooDense(archive.name, file.name, limits);
    if (unpacked + bytes > limits.uncompressedBytes) throw tooLarge(archive.name, limits);
    crc = crc32(chunk, crc);
    yield chunk;
  }
  if (bytes % wrap !== file.bytes % wrap) {
    throw new ArchiveError(
      archive.name,
      `is damaged: ${shown} has ${bytes} bytes, but its directory says ${file.bytes}`,
    );
  }
  if (crc !== file.crc) {
    throw new ArchiveError(archive.name, `is damaged: the checksum (CRC) of ${shown} is wrong`);
  }
}

/** adm-zip stores sizes in 32 bits: larger sizes are reduced modulo 2^32. */
const wrap = 2 ** 32;

async function* uncompressed(archive: Archive, file: ArchiveFile): AsyncGenerator<Buffer, void> {
  try {
    yield* unpack(file);
  } catch (cause) {
    const what = `is damaged: ${JSON.stringify(file.name)} can't be uncompressed (${messageOf(cause)})`;
    throw new ArchiveError(archive.name, what, { cause });
  }
}
