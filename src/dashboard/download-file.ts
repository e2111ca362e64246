import { type FileHandle, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { DownloadLimits } from '../config.js';
import { LedgerError, messageOf } from '../errors.js';
import { formatCount } from '../format.js';
import type { StreamedResponse } from './client.js';
import type { FileReceiver } from './download.js';
import { BrokenBodyError, UnavailableError } from './errors.js';

/** The variables that set the limits, for error messages. */
const limitVariables = {
  bytesPerSecond: 'TN_LEDGER_MIN_DOWNLOAD_RATE',
  extraMs: 'TN_LEDGER_DOWNLOAD_TIMEOUT',
} as const;

export interface FileLimits extends DownloadLimits {
  /** Period over which the rate is measured, in milliseconds; a minute by default. */
  windowMs?: number;
}

export interface DownloadOptions {
  folder: string;
  /** File name in the folder. */
  file: string;
  /** As in `FileReceiver`. */
  isFile: FileReceiver<unknown>['isFile'];
  /** Called with the bytes received and the total, if the API reports it. */
  onProgress(bytes: number, total: number | undefined): void;
  limits: FileLimits;
  /** What it is, in messages: `file`, `archive`. */
  noun: string;
  /** Larger files can't be loaded. */
  maxBytes: number;
  /** What to do about a larger file. */
  tooLargeHint: string;
}

/** A download that exceeded a limit. Whatever waits for the file doesn't change: the next run downloads it again. */
export class DownloadError extends LedgerError {
  override readonly name = 'DownloadError';
}

/** A local error, as a value: an error that a receiver throws counts as a broken response. */
type LocalError = LedgerError | undefined;

/**
 * Downloads a file, which gets its name only when it is complete. After a broken connection, it resumes if the API
 * supports that and starts over if not. A connection that receives too little in a minute counts as broken. All
 * connections together may take `extraMs` plus the time that the received bytes take at the minimum rate.
 *
 * @param request sends the request once; returns the API's message if it sends one instead of the file
 * @returns the size of the file, or the message
 * @throws {DownloadError} if that time is exceeded, or if the file is too large to load
 */
export async function downloadFile<Message extends { kind: string }>(
  request: (receiver: FileReceiver<LocalError>) => Promise<{ kind: 'file'; value: LocalError } | Message>,
  options: DownloadOptions,
): Promise<{ kind: 'file'; bytes: number } | Exclude<Message, { kind: 'file' }>> {
  const path = join(options.folder, options.file);
  // Another process may be downloading the same file.
  const partPath = `${path}.${process.pid}.part`;
  const part = createPart(partPath, options);
  for (;;) {
    const before = part.size();
    try {
      const answer = await request(part.receiver);
      if (answer.kind !== 'file') return answer as Exclude<Message, { kind: 'file' }>;
      const { value } = answer as { value: LocalError };
      if (value !== undefined) throw value;
      break;
    } catch (error) {
      // The connection breaks repeatedly, but each attempt makes progress: a long download on a bad line.
      const isBroken = error instanceof UnavailableError || error instanceof BrokenBodyError;
      if (!isBroken || part.size() <= before) throw error;
      const late = part.timeoutError();
      if (late !== undefined) throw late;
    }
  }
  await part.flush();
  await rename(partPath, path);
  return { kind: 'file', bytes: part.size() };
}

/** A file that is received in parts. */
function createPart(path: string, options: DownloadOptions) {
  const { file, noun, isFile, onProgress, limits, maxBytes, tooLargeHint } = options;
  const startedAt = performance.now();
  let size = 0;
  let total: number | undefined;
  /** ETag of this version of the file: parts of different versions can't be combined. */
  let version: string | undefined;
  let isResumable = false;

  function headers(): Record<string, string> {
    if (size === 0 || !isResumable) return {};
    return { range: `bytes=${size}-`, ...(version === undefined ? {} : { 'if-range': version }) };
  }

  /** Throws if the response is broken, so that the request is retried; returns a local error. */
  async function receive(response: StreamedResponse): Promise<LedgerError | undefined> {
    const isRest = response.status === 206 && resume(response);
    if (!isRest) restart(response);
    const checkRate = createRateCheck(limits);
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, isRest ? 'r+' : 'w', 0o600);
      await handle.truncate(size);
    } catch (cause) {
      await handle?.close();
      return cannotWrite(path, cause);
    }
    try {
      for await (const chunk of response.body) {
        try {
          await writeAll(handle, chunk, size);
        } catch (cause) {
          return cannotWrite(path, cause);
        }
        size += chunk.length;
        onProgress(size, total);
        const excess = tooLargeError() ?? (size === total ? undefined : timeoutError());
        if (excess !== undefined) return excess;
        checkRate(chunk.length);
      }
    } catch (error) {
      // Ignore a connection that broke after the last byte.
      if (size !== total) throw error;
    } finally {
      await handle.close();
    }
    if (total !== undefined && size !== total) {
      throw new BrokenBodyError(`the ${noun} has ${size} bytes, but the API reported ${total}`);
    }
    return undefined;
  }

  /** Whether the part continues the received bytes. */
  function resume({ headers: given }: StreamedResponse): boolean {
    const [, from, , whole] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(String(given['content-range'])) ?? [];
    if (Number(from) === size && (whole === '*' || total === undefined || Number(whole) === total)) return true;
    isResumable = false;
    throw new BrokenBodyError(`requested the bytes from ${size} on, received ${String(given['content-range'])}`);
  }

  function restart({ headers: given }: StreamedResponse): void {
    size = 0;
    const length = Number(given['content-length']);
    total = Number.isSafeInteger(length) && given['content-length'] !== undefined ? length : undefined;
    const { etag } = given;
    version = typeof etag === 'string' && !etag.startsWith('W/') ? etag : undefined;
    isResumable = given['accept-ranges'] === 'bytes' || version !== undefined;
  }

  function tooLargeError(): DownloadError | undefined {
    if (size <= maxBytes) return undefined;
    return new DownloadError(
      `The download of ${file} was stopped: ${noun}s larger than ${formatCount(maxBytes)} bytes can't be loaded.`,
      { hint: tooLargeHint },
    );
  }

  function timeoutError(): DownloadError | undefined {
    const { bytesPerSecond, extraMs } = limits;
    const elapsedMs = performance.now() - startedAt;
    if (elapsedMs <= extraMs + (size / bytesPerSecond) * 1000) return undefined;
    return new DownloadError(
      `The download of ${file} was stopped after ${Math.round(elapsedMs / 1000)} s and ${formatCount(size)} bytes: the limit is ` +
        `${extraMs / 1000} s (${limitVariables.extraMs}) plus one second per ${formatCount(bytesPerSecond)} bytes (${limitVariables.bytesPerSecond}).`,
      { hint: 'Check the connection, or allow more time with these variables. The next run downloads it again.' },
    );
  }

  /** Flushes the file to disk and verifies its size. */
  async function flush(): Promise<void> {
    const handle = await open(path, 'r+');
    try {
      await handle.sync();
      const { size: written } = await handle.stat();
      if (written !== size) throw new Error(`${written} of ${size} bytes were written`);
    } catch (cause) {
      throw cannotWrite(path, cause);
    } finally {
      await handle.close();
    }
  }

  return {
    size: () => size,
    timeoutError,
    flush,
    receiver: {
      headers,
      isFile,
      receive,
    },
  };
}

/**
 * Returns a function to call with the size of each chunk; it throws if the average rate over a window is too low.
 * No timer is needed: the client's `betweenBytesMs` ends a silent connection anyway.
 */
function createRateCheck({ bytesPerSecond, windowMs = 60_000 }: FileLimits): (count: number) => void {
  let since = performance.now();
  let bytes = 0;
  return (count) => {
    bytes += count;
    const elapsedMs = performance.now() - since;
    if (elapsedMs < windowMs) return;
    if (bytes * 1000 < bytesPerSecond * elapsedMs) {
      throw new BrokenBodyError(
        `only ${formatCount(bytes)} bytes received in ${Math.round(elapsedMs / 1000)} s, less than the minimum of ${formatCount(bytesPerSecond)} per second (${limitVariables.bytesPerSecond})`,
      );
    }
    since += elapsedMs;
    bytes = 0;
  };
}

/** A nearly full disk may accept only part of the data and report an error only on the next write. */
async function writeAll(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    written += (await handle.write(bytes, written, bytes.length - written, position + written)).bytesWritten;
  }
}

function cannotWrite(path: string, cause: unknown): LedgerError {
  return new LedgerError(`The download could not be written to ${path}: ${messageOf(cause)}.`, {
    hint: 'Make sure that the disk has room and the folder is writable, then run the command again.',
    cause,
  });
}
