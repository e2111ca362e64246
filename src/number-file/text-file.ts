import { createHash } from 'node:crypto';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { UnusableFileError } from './unusable-file.js';

export type TextEncoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';

/** The result of a first pass over a text file: it is text, and no line is too long for a list of numbers. */
export interface InspectedFile extends HashedFile {
  encoding: TextEncoding;
}

/** A file and its content. */
export interface HashedFile {
  path: string;
  /** Open file to read instead of the path, which may point to another file by now. */
  handle?: FileHandle | undefined;
  sha256: string;
  bytes: number;
}

/** A file with longer lines isn't a list of numbers, and its lines might not fit in memory. */
export const maxLineBytes = 1024 * 1024;

const newline = 10;
const carriageReturn = 13;
const lineEach = 'Write one number per line.';

/** How to turn another file into one that can be read. */
export const saveAsWorkbook =
  'Open it in a spreadsheet program, and save it as an Excel workbook (.xlsx) or as "CSV UTF-8".';

/**
 * Reads a file once, in chunks: computes its SHA-256, detects its encoding, and checks that it is text with lines
 * of a reasonable length.
 *
 * UTF-16 is detected by its byte order mark, or by zeros in every second byte. Anything else that isn't valid UTF-8
 * is read as Windows-1252, Excel's default CSV encoding.
 *
 * @throws {UnusableFileError} if the file is missing, unreadable, empty, not text, or has a line longer than 1 MiB
 */
export async function inspectTextFile(
  path: string,
  { signal, handle }: { signal?: AbortSignal | undefined; handle?: FileHandle | undefined } = {},
): Promise<InspectedFile> {
  const begin = await readBegin(path, handle);
  const wide = wideEncoding(begin);
  if (wide === undefined) refuseKnownBinary(path, begin);
  const hash = createHash('sha256');
  const utf8 = createUtf8Check();
  const lines = createLineCheck(path);
  let bytes = 0;
  for await (const chunk of readChunks({ path, handle }, signal)) {
    hash.update(chunk);
    lines.add(chunk);
    if (wide === undefined && chunk.includes(0)) {
      throw new UnusableFileError(path, (file) => `${file} is not text: it contains zero bytes.`, {
        hint: saveAsWorkbook,
      });
    }
    if (wide === undefined) utf8.add(chunk);
    bytes += chunk.length;
  }
  if (bytes === 0) throw new UnusableFileError(path, (file) => `${file} is empty.`, { hint: lineEach });
  const encoding = wide ?? (utf8.isValid() ? 'utf-8' : 'windows-1252');
  return { path, handle, sha256: hash.digest('hex'), bytes, encoding };
}

/** @throws {UnusableFileError} the file is missing, unreadable, or not a regular file */
export async function hashFile(
  path: string,
  { signal, handle }: { signal?: AbortSignal | undefined; handle?: FileHandle | undefined } = {},
): Promise<HashedFile> {
  await readBegin(path, handle);
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of readChunks({ path, handle }, signal)) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { path, handle, sha256: hash.digest('hex'), bytes };
}

/** Yields the file's text as UTF-8, in chunks. Passes the original bytes to `onBytes`. */
export async function* readAsUtf8(
  { path, handle, encoding }: InspectedFile,
  options: { onBytes?: (chunk: Buffer) => void; signal?: AbortSignal | undefined } = {},
): AsyncGenerator<Buffer> {
  const decoder = encoding === 'utf-8' ? undefined : new TextDecoder(encoding);
  for await (const chunk of readChunks({ path, handle }, options.signal)) {
    options.onBytes?.(chunk);
    yield decoder === undefined ? chunk : Buffer.from(decoder.decode(chunk, { stream: true }));
  }
  if (decoder !== undefined) yield Buffer.from(decoder.decode());
}

const chunkBytes = 64 * 1024;

/** Reads a file in chunks, from the beginning on each call. Its errors are for the user to fix. */
export async function* readChunks(
  { path, handle }: Pick<InspectedFile, 'path' | 'handle'>,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  let opened = handle;
  try {
    opened ??= await open(path);
    for (let at = 0; ; ) {
      signal?.throwIfAborted();
      const { buffer, bytesRead } = await opened.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw unreadable(path, error);
  } finally {
    if (handle === undefined) await opened?.close();
  }
}

/**
 * Returns the first bytes of a file.
 *
 * @throws {UnusableFileError} it is missing, unreadable, or not a regular file
 */
export async function readBegin(path: string, opened: FileHandle | undefined): Promise<Buffer> {
  try {
    const stats = await (opened?.stat() ?? stat(path));
    if (stats.isDirectory()) {
      throw new UnusableFileError(path, (file) => `${file} is a folder, not a file.`, {
        hint: 'Name a file in it.',
        byCommand: true,
      });
    }
    if (!stats.isFile()) {
      throw new UnusableFileError(path, (file) => `${file} is a pipe or a device, not a file.`, {
        hint: 'Save the list to a regular file, because it is read more than once.',
        byCommand: true,
      });
    }
    const handle = opened ?? (await open(path));
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(4096), 0, 4096, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      if (opened === undefined) await handle.close();
    }
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Explains a file system error; returns any other error unchanged. */
export function unreadable(path: string, error: unknown): Error {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined || error instanceof UnusableFileError) return error as Error;
  const hints: Record<string, string> = {
    ENOENT: 'Check the name and the current folder.',
    EACCES: 'Let the user that runs tn-ledger read it.',
    EPERM: 'Let the user that runs tn-ledger read it.',
  };
  const what = {
    ENOENT: 'does not exist',
    EACCES: "can't be read by this user",
    EPERM: "can't be read by this user",
  }[code];
  const hint = hints[code];
  return new UnusableFileError(path, (file) => `${file} ${what ?? `can't be read (${code})`}.`, {
    byCommand: code === 'ENOENT',
    ...(hint !== undefined && { hint }),
    cause: error,
  });
}

/** Detects UTF-16 by its byte order mark, or by its zeros: nearly every character in a list of numbers is ASCII. */
function wideEncoding(begin: Buffer): TextEncoding | undefined {
  if (begin[0] === 0xff && begin[1] === 0xfe) return 'utf-16le';
  if (begin[0] === 0xfe && begin[1] === 0xff) return 'utf-16be';
  const pairs = Math.floor(begin.length / 2);
  const zeros = [0, 0];
  for (let at = 0; at < pairs * 2; at += 1) if (begin[at] === 0) zeros[at % 2] = (zeros[at % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = zeros;
  if (pairs > 1 && odd > pairs * 0.7 && even === 0) return 'utf-16le';
  if (pairs > 1 && even > pairs * 0.7 && odd === 0) return 'utf-16be';
  return undefined;
}

/**
 * Characters that don't occur in text: control characters other than tab, line feed, vertical tab, form feed,
 * carriage return, and the DOS end-of-file mark.
 */
const isControl = (byte: number) => byte < 32 && !(byte >= 9 && byte <= 13) && byte !== 26;

function refuseKnownBinary(path: string, begin: Buffer): void {
  if (
    /^\s*<(?:!doctype|html|\?xml|table|meta)\b/i.test(
      begin.toString('latin1', 0, 200).replace('\u00ef\u00bb\u00bf', ''),
    )
  ) {
    throw new UnusableFileError(path, (file) => `${file} is a web page or an XML document, whatever its name.`, {
      hint: saveAsWorkbook,
    });
  }
  if (begin.some(isControl)) {
    throw new UnusableFileError(path, (file) => `${file} is not text: it begins with control characters.`, {
      hint: saveAsWorkbook,
    });
  }
}

function createUtf8Check(): { add(chunk: Buffer): void; isValid(): boolean } {
  // A chunk may end inside a character: the decoder keeps its first bytes for the next chunk.
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let valid = true;
  const attempt = (chunk?: Buffer) => {
    try {
      decoder.decode(chunk, { stream: chunk !== undefined });
    } catch {
      valid = false;
    }
  };
  return {
    add(chunk) {
      if (valid) attempt(chunk);
    },
    isValid() {
      if (valid) attempt();
      return valid;
    },
  };
}

function createLineCheck(path: string): { add(chunk: Buffer): void } {
  let length = 0;
  const checkLine = () => {
    if (length <= maxLineBytes) return;
    throw new UnusableFileError(path, (file) => `${file} has a line longer than 1 MiB: it isn't a list of numbers.`, {
      hint: lineEach,
    });
  };
  return {
    add(chunk) {
      const ends = [newline, carriageReturn].flatMap((byte) => [chunk.indexOf(byte), chunk.lastIndexOf(byte)]);
      const first = Math.min(...ends.filter((at) => at >= 0), chunk.length);
      length += first;
      checkLine();
      if (first < chunk.length) length = chunk.length - 1 - Math.max(...ends);
      checkLine();
    },
  };
}
