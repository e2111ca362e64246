import { Readable } from 'node:stream';
import { type ResponseBody, readBody, type StreamedResponse } from './exchange.js';

/** How a download handles a response that is a file rather than a message. */
export interface FileReceiver<T> {
  /** Headers for the next attempt: a `Range` once part of the file has arrived. */
  headers?: () => Record<string, string>;
  /**
   * Whether the body of a 200 response that starts with these bytes is the file. If not, it is a message and read
   * whole. The body of a 206 response is always the file.
   */
  isFile: (firstBytes: Buffer) => boolean;
  /**
   * Receives the file's bytes as they arrive. Anything it throws counts as a broken response, and the request is
   * retried.
   */
  receive: (response: StreamedResponse) => Promise<T>;
}

export type Received<T> = { kind: 'file'; value: T } | { kind: 'message'; body: ResponseBody };

/** A file may take hours on a slow connection. The timeout between bytes catches a stalled download. */
export const downloadTotalMs = 12 * 3_600_000;

const signatureLength = 4;

/** Reads a response that may be a file: passes a file to its receiver, and reads anything else whole. */
export async function receiveAnswer<T>(
  response: StreamedResponse,
  receiver: FileReceiver<T> | undefined,
  maxMessageBytes: number,
): Promise<Received<T>> {
  if (receiver === undefined || (response.status !== 200 && response.status !== 206)) {
    return { kind: 'message', body: await readBody(response, maxMessageBytes) };
  }
  const { begin, whole } = await peek(response.body);
  const answer = { ...response, body: whole };
  return response.status === 206 || receiver.isFile(begin)
    ? { kind: 'file', value: await receiver.receive(answer) }
    : { kind: 'message', body: await readBody(answer, maxMessageBytes) };
}

/** The first bytes of a body (at least four, unless the body is shorter) and a stream of the whole body. */
async function peek(body: Readable): Promise<{ begin: Buffer; whole: Readable }> {
  const chunks = body[Symbol.asyncIterator]();
  const read: Buffer[] = [];
  let length = 0;
  while (length < signatureLength) {
    const { done, value } = await chunks.next();
    if (done) break;
    read.push(value);
    length += value.length;
  }
  const begin = Buffer.concat(read);
  async function* all(): AsyncGenerator<Buffer> {
    if (begin.length > 0) yield begin;
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
  }
  return { begin, whole: Readable.from(all(), { objectMode: false }) };
}
