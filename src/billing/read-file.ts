import { once } from 'node:events';
import { crc32, createInflateRaw } from 'node:zlib';
import { messageOf } from '../errors.js';
import { type Archive, ArchiveError, type ArchiveFile, tooDense, tooLarge } from './archive.js';
import type { ArchiveLimits } from './limits.js';

/** Bytes of a file that are uncompressed at a time. */
const chunkBytes = 64 * 1024;

export interface ReadOptions {
  limits: ArchiveLimits;
  /** Bytes of the archive's files before this one, which the limit is for together. */
  unpacked: number;
}

/**
 * The uncompressed bytes of a file, chunk by chunk. At its end they are checked against what the archive says of them: who
 * has used them by then has to take that back when this throws.
 *
 * @throws {ArchiveError} for a file that is damaged, or larger than it may be
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
      `is damaged: ${shown} has ${bytes} bytes, where its directory says ${file.bytes}`,
    );
  }
  if (crc !== file.crc) {
    throw new ArchiveError(archive.name, `is damaged: the checksum (CRC) of ${shown} is wrong`);
  }
}

/** adm-zip keeps sizes in 32 bits, and of a larger file the rest. */
const wrap = 2 ** 32;

async function* uncompressed(archive: Archive, file: ArchiveFile): AsyncGenerator<Buffer, void> {
  if (!file.isDeflated) {
    for (let from = 0; from < file.compressed.length; from += chunkBytes) {
      yield file.compressed.subarray(from, from + chunkBytes);
    }
    return;
  }
  const inflate = createInflateRaw({ chunkSize: chunkBytes });
  try {
    inflate.end(file.compressed);
    yield* inflate;
  } catch (cause) {
    const what = `is damaged: ${JSON.stringify(file.name)} can't be uncompressed (${messageOf(cause)})`;
    throw new ArchiveError(archive.name, what, { cause });
  } finally {
    inflate.destroy();
    // Its work in another thread holds on to the archive until it is done.
    if (!inflate.closed) await once(inflate, 'close');
  }
}
