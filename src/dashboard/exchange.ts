import { isAscii, isUtf8 } from 'node:buffer';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { type Agent, errors as undiciErrors } from 'undici';
import { messageOf } from '../errors.js';
import { BrokenBodyError } from './errors.js';

export type ResponseHeaders = Record<string, string | string[] | undefined>;

/** The head of an answer and its body as it comes, not yet decompressed. */
export interface StreamedResponse {
  status: number;
  headers: ResponseHeaders;
  body: Readable;
}

/** An answer that was read whole. */
export interface ResponseBody {
  status: number;
  text: string;
  headers: ResponseHeaders;
}

export interface ExchangeOptions<T> {
  agent: Agent;
  url: URL;
  method: 'GET' | 'POST';
  headers: Record<string, string>;
  body?: string;
  signal: AbortSignal;
  firstByteMs: number;
  betweenBytesMs: number;
  /** For the whole exchange: against a server that sends a byte now and then for ever. */
  totalMs: number;
  consume: (response: StreamedResponse) => Promise<T>;
}

/** No answer, or none that was whole. */
export class ExchangeFailure extends Error {
  /** False when it is certain that the server did not get the request. */
  readonly mayHaveArrived: boolean;

  constructor(reason: string, options: { cause: unknown; mayHaveArrived: boolean }) {
    super(reason, { cause: options.cause });
    this.mayHaveArrived = options.mayHaveArrived;
  }
}

/**
 * One request over the wire and its answer. No redirect is followed.
 *
 * @throws {ExchangeFailure} for anything that keeps the answer from coming whole; the signal's reason when it is aborted
 */
export async function exchange<T>(options: ExchangeOptions<T>): Promise<T> {
  const { agent, url, method, headers, body, signal, consume } = options;
  signal.throwIfAborted();
  const attempt = new AbortController();
  const abort = () => attempt.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  const deadline = setTimeout(() => {
    attempt.abort(new Error(`the answer was not complete after ${options.totalMs / 1000} s`));
  }, options.totalMs);
  try {
    const response = await agent.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method,
      headers,
      body: body ?? null,
      signal: attempt.signal,
      headersTimeout: options.firstByteMs,
      bodyTimeout: options.betweenBytesMs,
    });
    // Destroying the body of an aborted exchange must not be an error that nobody handles.
    response.body.on('error', ignore);
    try {
      return await consume({ status: response.statusCode, headers: response.headers, body: response.body });
    } finally {
      response.body.destroy();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw new ExchangeFailure(describeFailure(error), { cause: error, mayHaveArrived: !isNeverSent(error) });
  } finally {
    clearTimeout(deadline);
    signal.removeEventListener('abort', abort);
  }
}

function ignore(): void {}

/** Whether the connection failed before anything of the request was sent; of a connection that stood, nobody can tell. */
function isNeverSent(error: unknown): boolean {
  if (error instanceof AggregateError) {
    // One error for each address of the host.
    return error.errors.length > 0 && error.errors.every(isNeverSent);
  }
  const { syscall } = error as { syscall?: unknown };
  return error instanceof undiciErrors.ConnectTimeoutError || syscall === 'connect' || syscall === 'getaddrinfo';
}

function codeOf(error: unknown): string {
  const one = error instanceof AggregateError ? error.errors[0] : error;
  return typeof one === 'object' && one !== null && 'code' in one ? String(one.code) : '';
}

function describeFailure(error: unknown): string {
  if (error instanceof undiciErrors.HeadersTimeoutError) {
    return 'no answer came in time';
  }
  if (error instanceof undiciErrors.BodyTimeoutError) {
    return 'the answer stalled';
  }
  const code = codeOf(error);
  const message = messageOf(error);
  return code === '' || code.startsWith('UND_ERR') || message.includes(code) ? message : `${message} (${code})`;
}

/**
 * Reads an answer whole and as text.
 *
 * @throws {BrokenBodyError} for one that is longer than `maxBytes`, compressed as nobody asked for, or no UTF-8
 */
export async function readBody(response: StreamedResponse, maxBytes: number): Promise<ResponseBody> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of decompressed(response)) {
    size += (chunk as Buffer).length;
    if (size > maxBytes) {
      throw new BrokenBodyError(`the answer is longer than the ${maxBytes} bytes allowed`);
    }
    chunks.push(chunk as Buffer);
  }
  return { status: response.status, text: decodeText(Buffer.concat(chunks, size)), headers: response.headers };
}

function decompressed({ status, headers, body }: StreamedResponse): Readable {
  const encoding = String(headers['content-encoding'] ?? 'identity').toLowerCase();
  if (encoding === 'identity' || status === 204) {
    return body;
  }
  if (encoding !== 'gzip' && encoding !== 'x-gzip') {
    throw new BrokenBodyError(`the answer is compressed as ${JSON.stringify(encoding)}, which was not asked for`);
  }
  // The reader gets every error from the last stream.
  return pipeline(body, createGunzip(), ignore);
}

/** Most pages are ASCII, and decoding them as such gives strings that take half the memory and are scanned faster. */
function decodeText(bytes: Buffer): string {
  if (isAscii(bytes)) {
    return bytes.toString('latin1');
  }
  if (!isUtf8(bytes)) {
    throw new BrokenBodyError('the answer is not UTF-8');
  }
  return bytes.toString('utf8');
}
