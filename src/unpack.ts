import { once } from 'node:events';
import { createInflateRaw } from 'node:zlib';

/** Uncompressed bytes per chunk. */
const chunkBytes = 64 * 1024;

/** A file in a ZIP archive, as its bytes are stored. */
export interface PackedFile {
  isDeflated: boolean;
  compressed: Buffer;
}

/**
 * Yields the uncompressed bytes of a file in a ZIP archive, in chunks. The caller limits their number, and verifies size and checksum.
 *
 * @throws {Error} the compressed data is damaged
 */
export async function* unpack({ isDeflated, compressed }: PackedFile): AsyncGenerator<Buffer, void> {
  if (!isDeflated) {
    for (let from = 0; from < compressed.length; from += chunkBytes) yield compressed.subarray(from, from + chunkBytes);
    return;
  }
  const inflate = createInflateRaw({ chunkSize: chunkBytes });
  try {
    inflate.end(compressed);
    yield* inflate;
  } finally {
    inflate.destroy();
    // Its worker thread keeps a reference to the archive until it is done.
    if (!inflate.closed) await once(inflate, 'close');
  }
}

/** Whether bytes begin with a ZIP signature: that of a file, or that of an empty archive. */
export function isZip(bytes: Uint8Array): boolean {
  const [p, k, third, fourth] = bytes;
  return p === 0x50 && k === 0x4b && ((third === 3 && fourth === 4) || (third === 5 && fourth === 6));
}
