import { Readable } from 'node:stream';
import { crc32, createDeflateRaw } from 'node:zlib';

/** A file to add to an archive. */
export interface ZipFile {
  name: string;
  content: string | Buffer | Iterable<Buffer> | AsyncIterable<Buffer>;
}

/** The central directory entry of a file. */
export interface ZipEntry {
  name: Buffer;
  flags: number;
  method: number;
  crc: number;
  compressed: number;
  size: number;
  offset: number;
}

const sizesFollow = 8;
const utf8 = 0x800;
const flags = sizesFollow | utf8;
const deflated = 8;
const longest32 = 0xffff_ffff;

/**
 * Streams a ZIP archive of files. Sizes are in data descriptors after the data, as is usual for streamed archives.
 * `directoryOf` makes the central directory from the correct entries; tests use it to write a wrong one.
 */
export async function* zip(
  files: readonly ZipFile[],
  directoryOf = (entries: readonly ZipEntry[]) => entries,
): AsyncGenerator<Buffer, void> {
  const entries: ZipEntry[] = [];
  let offset = 0;
  for (const file of files) {
    const name = Buffer.from(file.name);
    const head = localHeader(name);
    yield head;
    const entry: ZipEntry = { name, flags, method: deflated, crc: 0, compressed: 0, size: 0, offset };
    async function* counted(): AsyncGenerator<Buffer, void> {
      for await (const chunk of chunksOf(file.content)) {
        entry.size += chunk.length;
        entry.crc = crc32(chunk, entry.crc);
        yield chunk;
      }
    }
    for await (const piece of Readable.from(counted(), { objectMode: false }).pipe(createDeflateRaw({ level: 1 }))) {
      entry.compressed += piece.length;
      yield piece;
    }
    const tail = descriptor(entry);
    yield tail;
    offset += head.length + entry.compressed + tail.length;
    entries.push(entry);
  }
  const listed = directoryOf(entries);
  const directory = Buffer.concat(listed.map(centralHeader));
  yield directory;
  yield end(listed.length, directory.length, offset);
}

/** The archive as a single buffer. */
export async function zipWhole(
  files: readonly ZipFile[],
  directoryOf?: (entries: readonly ZipEntry[]) => readonly ZipEntry[],
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of zip(files, directoryOf)) pieces.push(piece);
  return Buffer.concat(pieces);
}

function chunksOf(content: ZipFile['content']): Iterable<Buffer> | AsyncIterable<Buffer> {
  if (typeof content === 'string') return [Buffer.from(content)];
  return Buffer.isBuffer(content) ? [content] : content;
}

function localHeader(name: Buffer): Buffer {
  const head = Buffer.alloc(30);
  head.writeUInt32LE(0x04034b50, 0);
  head.writeUInt16LE(20, 4);
  head.writeUInt16LE(flags, 6);
  head.writeUInt16LE(deflated, 8);
  head.writeUInt16LE(name.length, 26);
  return Buffer.concat([head, name]);
}

/** Sizes over 32 bits use 64-bit fields here. */
function descriptor({ crc, compressed, size }: ZipEntry): Buffer {
  const isLong = size >= longest32;
  const tail = Buffer.alloc(isLong ? 24 : 16);
  tail.writeUInt32LE(0x08074b50, 0);
  tail.writeUInt32LE(crc, 4);
  if (isLong) {
    tail.writeBigUInt64LE(BigInt(compressed), 8);
    tail.writeBigUInt64LE(BigInt(size), 16);
  } else {
    tail.writeUInt32LE(compressed, 8);
    tail.writeUInt32LE(size, 12);
  }
  return tail;
}

function centralHeader({ name, flags, method, crc, compressed, size, offset }: ZipEntry): Buffer {
  const extra = size >= longest32 ? zip64Size(size) : Buffer.alloc(0);
  const head = Buffer.alloc(46);
  head.writeUInt32LE(0x02014b50, 0);
  head.writeUInt16LE(20, 4);
  head.writeUInt16LE(extra.length > 0 ? 45 : 20, 6);
  head.writeUInt16LE(flags, 8);
  head.writeUInt16LE(method, 10);
  head.writeUInt32LE(crc, 16);
  head.writeUInt32LE(compressed, 20);
  head.writeUInt32LE(Math.min(size, longest32), 24);
  head.writeUInt16LE(name.length, 28);
  head.writeUInt16LE(extra.length, 30);
  head.writeUInt32LE(offset, 42);
  return Buffer.concat([head, name, extra]);
}

function zip64Size(size: number): Buffer {
  const extra = Buffer.alloc(12);
  extra.writeUInt16LE(1, 0);
  extra.writeUInt16LE(8, 2);
  extra.writeBigUInt64LE(BigInt(size), 4);
  return extra;
}

function end(count: number, directoryLength: number, directoryAt: number): Buffer {
  const tail = Buffer.alloc(22);
  tail.writeUInt32LE(0x06054b50, 0);
  tail.writeUInt16LE(count, 8);
  tail.writeUInt16LE(count, 10);
  tail.writeUInt32LE(directoryLength, 12);
  tail.writeUInt32LE(directoryAt, 16);
  return tail;
}
