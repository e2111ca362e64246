import { createHash } from 'node:crypto';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { UnusableFileError } from './unusable-file.js';

/** How the characters of a file are written. */
export type TextEncoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';

/** A text file as a first look tells it: it is text, and none of its lines is too long to be one of a list. */
export interface InspectedFile {
  path: string;
  /** Where it is read from in place of its path, which may lead elsewhere by now. */
  handle?: FileHandle | undefined;
  sha256: string;
  bytes: number;
  encoding: TextEncoding;
}

/** No line of a list of numbers comes near this; what has longer ones is no such list, and would not fit in memory either. */
export const maxLineBytes = 1024 * 1024;

const newline = 10;
const carriageReturn = 13;
const lineEach = 'Give it a line for each number.';

/**
 * Reads a file once, in pieces: its fingerprint, its encoding, and that it is text with lines of a sensible length.
 *
 * UTF-16 is known by its byte order mark, or by every second byte being zero; what is not UTF-8 otherwise is read as
 * Windows-1252, which is what Excel saves where it is not told to save UTF-8.
 *
 * @throws {UnusableFileError} a file that is missing, can't be read, is empty, no text, or has a line of more than a mebibyte
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
      throw new UnusableFileError(path, (file) => `${file} is not text: there are zero bytes in it.`, {
        hint: 'Save the list as CSV and try that file.',
      });
    }
    if (wide === undefined) utf8.add(chunk);
    bytes += chunk.length;
  }
  if (bytes === 0) throw new UnusableFileError(path, (file) => `${file} is empty.`, { hint: lineEach });
  const encoding = wide ?? (utf8.isValid() ? 'utf-8' : 'windows-1252');
  return { path, handle, sha256: hash.digest('hex'), bytes, encoding };
}

/** The file's characters as UTF-8, in pieces. The bytes pass through `onBytes` as they are in the file. */
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

const pieceBytes = 64 * 1024;

/** Reads a file in pieces, from its beginning, as often as it is called; its errors are the user's to fix. */
export async function* readChunks(
  { path, handle }: Pick<InspectedFile, 'path' | 'handle'>,
  signal?: AbortSignal,
): AsyncGenerator<Buffer> {
  let opened = handle;
  try {
    opened ??= await open(path);
    for (let at = 0; ; ) {
      signal?.throwIfAborted();
      const { buffer, bytesRead } = await opened.read(Buffer.allocUnsafe(pieceBytes), 0, pieceBytes, at);
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

async function readBegin(path: string, opened: FileHandle | undefined): Promise<Buffer> {
  try {
    const stats = await (opened?.stat() ?? stat(path));
    if (stats.isDirectory()) {
      throw new UnusableFileError(path, (file) => `${file} is a folder, not a file.`, {
        hint: 'Name one of the files in it.',
        byCommand: true,
      });
    }
    if (!stats.isFile()) {
      throw new UnusableFileError(path, (file) => `${file} is a pipe or a device, not a file.`, {
        hint: 'Save the list to a file: it is read more than once.',
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

/** An error of the file system in words; any other comes back as it is. */
export function unreadable(path: string, error: unknown): Error {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined || error instanceof UnusableFileError) return error as Error;
  const hints: Record<string, string> = {
    ENOENT: 'Check the name, and the folder that it is relative to.',
    EACCES: 'Let the user that runs tn-ledger read it.',
    EPERM: 'Let the user that runs tn-ledger read it.',
  };
  const what = {
    ENOENT: 'does not exist',
    EACCES: 'may not be read by this user',
    EPERM: 'may not be read by this user',
  }[code];
  const hint = hints[code];
  return new UnusableFileError(path, (file) => `${file} ${what ?? `can't be read (${code})`}.`, {
    byCommand: code === 'ENOENT',
    ...(hint !== undefined && { hint }),
    cause: error,
  });
}

/** UTF-16 by its mark or by its zeros: in a list of numbers nearly every character is ASCII. */
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

const zipMark = Buffer.from('PK\u0003\u0004', 'latin1');
/** Characters that no text has: all controls but tab, line feed, vertical tab, form feed, carriage return, and DOS's end of file. */
const isControl = (byte: number) => byte < 32 && !(byte >= 9 && byte <= 13) && byte !== 26;

function refuseKnownBinary(path: string, begin: Buffer): void {
  if (begin.subarray(0, 4).equals(zipMark)) {
    throw new UnusableFileError(path, (file) => `${file} is a ZIP archive or an Excel workbook, not a CSV file.`, {
      hint: 'Save the sheet as "CSV UTF-8 (comma delimited)", or unpack the archive.',
    });
  }
  if (begin.some(isControl)) {
    throw new UnusableFileError(path, (file) => `${file} is not text: there are control characters at its beginning.`, {
      hint: 'Save the list as CSV and try that file.',
    });
  }
}

function createUtf8Check(): { add(chunk: Buffer): void; isValid(): boolean } {
  // A character may be cut by the end of a piece: the decoder keeps its first bytes for the next one.
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
    throw new UnusableFileError(
      path,
      (file) => `${file} has a line longer than a mebibyte: it is no list of numbers.`,
      { hint: lineEach },
    );
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
