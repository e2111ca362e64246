import { isAscii, isUtf8 } from 'node:buffer';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { type Agent, errors as undiciErrors } from 'undici';
import { certificateFix } from '../certificates.js';
import { messageOf } from '../errors.js';
import { printDuration, printSize } from '../format.js';
import { BrokenBodyError } from './errors.js';

export type ResponseHeaders = Record<string, string | string[] | undefined>;

/** The status and headers of a response, and its body as a stream, not yet decompressed. */
export interface StreamedResponse {
  status: number;
  headers: ResponseHeaders;
  body: Readable;
}

/** A response that was read whole. */
export interface ResponseBody {
  status: number;
  text: string;
  headers: ResponseHeaders;
}

/** Settings that all requests of a client share. */
export interface Wire {
  agent: Agent;
  firstByteMs: number;
  betweenBytesMs: number;
  /** For one attempt. */
  totalMs: number;
  maxBodyBytes: number;
  userAgent: string;
}

export function wireOptions(wire: Wire, url: URL, signal: AbortSignal) {
  const { agent, firstByteMs, betweenBytesMs, totalMs } = wire;
  return { agent, firstByteMs, betweenBytesMs, totalMs, totalSetting: 'TN_LEDGER_REQUEST_TIMEOUT', url, signal };
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
  /** For the whole exchange: guards against a server that keeps trickling bytes. */
  totalMs: number;
  /** The environment variable that sets `totalMs`. */
  totalSetting: string | undefined;
  consume: (response: StreamedResponse) => Promise<T>;
}

/** No response, or an incomplete one. */
export class ExchangeFailure extends Error {
  /** False if the server certainly did not receive the request. */
  readonly mayHaveArrived: boolean;

  constructor(reason: string, options: { cause: unknown; mayHaveArrived: boolean }) {
    super(reason, { cause: options.cause });
    this.mayHaveArrived = options.mayHaveArrived;
  }
}

/**
 * Sends one request and reads its response. Follows no redirects.
 *
 * @throws {ExchangeFailure} if the response doesn't arrive completely; the signal's reason if it is aborted
 */
export async function exchange<T>(options: ExchangeOptions<T>): Promise<T> {
  const { agent, url, method, headers, body, signal, consume } = options;
  signal.throwIfAborted();
  const attempt = new AbortController();
  const abort = () => attempt.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  const deadline = setTimeout(() => {
    const setting = options.totalSetting === undefined ? '' : `${options.totalSetting}=`;
    attempt.abort(new Error(`the response was not complete after ${setting}${printDuration(options.totalMs)}`));
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
    // Destroying the body of an aborted exchange must not raise an unhandled error.
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

/**
 * Whether the connection failed before any of the request was sent: nothing is sent to a server whose certificate isn't accepted. Once
 * connected, that can't be known.
 */
function isNeverSent(error: unknown): boolean {
  if (error instanceof AggregateError) {
    // One error per address of the host.
    return error.errors.length > 0 && error.errors.every(isNeverSent);
  }
  const { syscall } = error as { syscall?: unknown };
  return (
    error instanceof undiciErrors.ConnectTimeoutError ||
    syscall === 'connect' ||
    syscall === 'getaddrinfo' ||
    certificateFix(error) !== undefined
  );
}

function codeOf(error: unknown): string {
  const one = error instanceof AggregateError ? error.errors[0] : error;
  return typeof one === 'object' && one !== null && 'code' in one ? String(one.code) : '';
}

function describeFailure(error: unknown): string {
  if (error instanceof undiciErrors.HeadersTimeoutError) {
    return 'no response in time';
  }
  if (error instanceof undiciErrors.BodyTimeoutError) {
    return 'the response stalled';
  }
  const code = codeOf(error);
  const message = messageOf(error);
  if (certificateFix(error) !== undefined) {
    return `the certificate of the server is not accepted: ${message}`;
  }
  return code === '' || code.startsWith('UND_ERR') || message.includes(code) ? message : `${message} (${code})`;
}

/**
 * Reads a whole response as text.
 *
 * @throws {BrokenBodyError} if the response is longer than `maxBytes`, has an unexpected content encoding, or isn't
 * UTF-8
 */
export async function readBody(response: StreamedResponse, maxBytes: number): Promise<ResponseBody> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of decompressed(response)) {
    size += (chunk as Buffer).length;
    if (size > maxBytes) {
      throw new BrokenBodyError(`the response is longer than TN_LEDGER_MAX_BODY=${printSize(maxBytes)}`, {
        hint: 'No page of the API should be that long. If this one is correct, raise TN_LEDGER_MAX_BODY and run it again.',
      });
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
    throw new BrokenBodyError(`the response has the unexpected content encoding ${JSON.stringify(encoding)}`);
  }
  // The consumer gets every error from the last stream.
  return pipeline(body, createGunzip(), ignore);
}

/** Most pages are ASCII. Decoding them as Latin-1 gives strings that take half the memory and are faster to scan. */
function decodeText(bytes: Buffer): string {
  if (isAscii(bytes)) {
    return bytes.toString('latin1');
  }
  if (!isUtf8(bytes)) {
    throw new BrokenBodyError('the response is not UTF-8');
  }
  return bytes.toString('utf8');
}
