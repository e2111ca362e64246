import { Readable } from 'node:stream';
import { type ResponseBody, readBody, type StreamedResponse } from './exchange.js';

/** What a download does with an answer that is a file and not a message. */
export interface FileReceiver<T> {
  /** Headers for the next try: a `Range`, once a part of the file is there. */
  headers?: () => Record<string, string>;
  /** Whether the body of an answer 200 that begins so is the file; any other is a message, read whole and judged. A 206 is. */
  isFile: (firstBytes: Buffer) => boolean;
  /** Takes the file's bytes as they come. Whatever it throws counts as a broken answer, and the request is tried again. */
  receive: (response: StreamedResponse) => Promise<T>;
}

export type Received<T> = { kind: 'file'; value: T } | { kind: 'message'; body: ResponseBody };

/** A whole file may take hours on a slow line; that it comes at all, the limit between two bytes sees to. */
export const downloadTotalMs = 12 * 3_600_000;

const bytesThatTell = 4;

/** Reads an answer that may be a file: hands a file to its receiver, and reads anything else whole. */
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

/** The first bytes of a body (fewer than four only where there are no more), and a stream of all of it. */
async function peek(body: Readable): Promise<{ begin: Buffer; whole: Readable }> {
  const chunks = body[Symbol.asyncIterator]();
  const read: Buffer[] = [];
  let length = 0;
  while (length < bytesThatTell) {
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
