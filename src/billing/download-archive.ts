import { type FileHandle, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { downloadReport, type ReportCall, type ReportStatus } from '../dashboard/billing-reports.js';
import type { StreamedResponse } from '../dashboard/client.js';
import { BrokenBodyError, UnavailableError } from '../dashboard/errors.js';
import { LedgerError, messageOf } from '../errors.js';
import { isZip } from './archive.js';
import { sha256Of } from './downloads.js';
import type { ArchiveFacts } from './reports.js';

export interface DownloadOptions {
  folder: string;
  /** Name in the folder. */
  file: string;
  /** Told of the bytes that are there, and how many there will be where the API says so. */
  onProgress(bytes: number, total: number | undefined): void;
}

/**
 * Downloads a report's archive into a file that has its name only once it is whole. After a broken connection it goes on where it
 * was, if the API can do that, and begins anew if not.
 */
export async function downloadArchive(
  call: ReportCall,
  reportId: string,
  options: DownloadOptions,
): Promise<{ kind: 'archive'; archive: ArchiveFacts } | ReportStatus> {
  const path = join(options.folder, options.file);
  // Another process may be at the same report.
  const partPath = `${path}.${process.pid}.part`;
  const part = createPart(partPath, options);
  for (;;) {
    const before = part.size();
    try {
      const answer = await downloadReport(call, reportId, part.receiver);
      if (answer.kind !== 'file') return answer;
      if (answer.value !== undefined) throw answer.value;
      break;
    } catch (error) {
      // Broken again and again, but every round brought something: a long download on a bad line.
      const isBroken = error instanceof UnavailableError || error instanceof BrokenBodyError;
      if (!isBroken || part.size() <= before) throw error;
    }
  }
  await part.settle();
  await rename(partPath, path);
  return { kind: 'archive', archive: { file: options.file, bytes: part.size(), sha256: await sha256Of(path) } };
}

/** A file that comes in parts. */
function createPart(path: string, { onProgress }: Pick<DownloadOptions, 'onProgress'>) {
  let size = 0;
  let total: number | undefined;
  /** What the API calls this version of the file: parts of two versions don't make one. */
  let version: string | undefined;
  let isResumable = false;

  function headers(): Record<string, string> {
    if (size === 0 || !isResumable) return {};
    return { range: `bytes=${size}-`, ...(version === undefined ? {} : { 'if-range': version }) };
  }

  /** Throws for what makes the answer broken, so that it is asked for again; answers what is wrong on this side. */
  async function receive(response: StreamedResponse): Promise<LedgerError | undefined> {
    const isRest = response.status === 206 && begin(response);
    if (!isRest) startAnew(response);
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
      }
    } catch (error) {
      // It broke when all had come.
      if (size !== total) throw error;
    } finally {
      await handle.close();
    }
    if (total !== undefined && size !== total) {
      throw new BrokenBodyError(`the archive has ${size} bytes, where its length was told as ${total}`);
    }
    return undefined;
  }

  /** Whether a part continues what is there. */
  function begin({ headers: given }: StreamedResponse): boolean {
    const [, from, , whole] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(String(given['content-range'])) ?? [];
    if (Number(from) === size && (whole === '*' || total === undefined || Number(whole) === total)) return true;
    isResumable = false;
    throw new BrokenBodyError(`asked for the bytes from ${size} on, got ${String(given['content-range'])}`);
  }

  function startAnew({ headers: given }: StreamedResponse): void {
    size = 0;
    const length = Number(given['content-length']);
    total = Number.isSafeInteger(length) && given['content-length'] !== undefined ? length : undefined;
    const { etag } = given;
    version = typeof etag === 'string' && !etag.startsWith('W/') ? etag : undefined;
    isResumable = given['accept-ranges'] === 'bytes' || version !== undefined;
  }

  /** Sees that all of it is on the disk. */
  async function settle(): Promise<void> {
    const handle = await open(path, 'r+');
    try {
      await handle.sync();
      const { size: written } = await handle.stat();
      if (written !== size) throw new Error(`${written} of ${size} bytes are there`);
    } catch (cause) {
      throw cannotWrite(path, cause);
    } finally {
      await handle.close();
    }
  }

  return {
    size: () => size,
    settle,
    receiver: {
      headers,
      isFile: isZip,
      receive,
    },
  };
}

/** A disk that is nearly full may take a part of what is written, and say so only when it is given the rest. */
async function writeAll(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    written += (await handle.write(bytes, written, bytes.length - written, position + written)).bytesWritten;
  }
}

function cannotWrite(path: string, cause: unknown): LedgerError {
  return new LedgerError(`The archive could not be written to ${path}: ${messageOf(cause)}.`, {
    hint: 'See that there is room on the disk and that the folder may be written to, and run it again.',
    cause,
  });
}
