import { Readable } from 'node:stream';
import { crc32, createDeflateRaw } from 'node:zlib';

/** A file for an archive, and what is to be wrong with it. */
export interface ZipFile {
  name: string;
  content: string | Buffer | Iterable<Buffer> | AsyncIterable<Buffer>;
  /** General purpose flags beside the one for sizes that come after the data; 1 says encrypted. */
  flags?: number;
  /** As the directory tells it; 8 (deflated) unless told, which the data are in any case. */
  method?: number;
  /** A checksum that is not the data's. */
  wrongCrc?: boolean;
  /** Uncompressed size as the directory tells it, in place of the true one. */
  size?: number;
  /** The directory names the data of the file before, in place of data of its own. */
  sameData?: boolean;
}

interface Entry {
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
const longest32 = 0xffff_ffff;

/** A ZIP archive of files, piece by piece as their content comes: the sizes stand after the data, as in all archives made so. */
export async function* zip(files: readonly ZipFile[]): AsyncGenerator<Buffer, void> {
  const entries: Entry[] = [];
  let offset = 0;
  for (const file of files) {
    const name = Buffer.from(file.name);
    const flags = (file.flags ?? 0) | sizesFollow | utf8;
    const method = file.method ?? 8;
    const last = entries.at(-1);
    if (file.sameData && last !== undefined) {
      entries.push({ ...last, name });
      continue;
    }
    const head = localHeader(name, flags, method);
    yield head;
    const entry: Entry = { name, flags, method, crc: 0, compressed: 0, size: 0, offset };
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
    if (file.wrongCrc) entry.crc = (entry.crc ^ 1) >>> 0;
    const tail = descriptor(entry);
    yield tail;
    offset += head.length + entry.compressed + tail.length;
    entry.size = file.size ?? entry.size;
    entries.push(entry);
  }
  const directory = Buffer.concat(entries.map(centralHeader));
  yield directory;
  yield end(entries.length, directory.length, offset);
}

/** The archive in one buffer. */
export async function zipWhole(files: readonly ZipFile[]): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of zip(files)) pieces.push(piece);
  return Buffer.concat(pieces);
}

function chunksOf(content: ZipFile['content']): Iterable<Buffer> | AsyncIterable<Buffer> {
  if (typeof content === 'string') return [Buffer.from(content)];
  return Buffer.isBuffer(content) ? [content] : content;
}

function localHeader(name: Buffer, flags: number, method: number): Buffer {
  const head = Buffer.alloc(30);
  head.writeUInt32LE(0x04034b50, 0);
  head.writeUInt16LE(20, 4);
  head.writeUInt16LE(flags, 6);
  head.writeUInt16LE(method, 8);
  head.writeUInt16LE(name.length, 26);
  return Buffer.concat([head, name]);
}

/** Sizes beyond 32 bits take 64 here. */
function descriptor({ crc, compressed, size }: Entry): Buffer {
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

function centralHeader({ name, flags, method, crc, compressed, size, offset }: Entry): Buffer {
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
