import type { Credentials } from '../config.js';
import type { AccountQueue } from './account-queue.js';
import { type Authorization, credentialsHint } from './authorization.js';
import { type Classification, classifyResponse, type Expectation } from './classify-response.js';
import { downloadTotalMs, type FileReceiver, receiveAnswer } from './download.js';
import { CredentialsError, type RequestFacts } from './errors.js';
import type { ClientEvent } from './events.js';
import { ExchangeFailure, exchange, type ResponseBody, type Wire, wireOptions } from './exchange.js';
import { rateLimitPause } from './rate-limit.js';
import { refuseClock, type ServerClock } from './server-clock.js';

/**
 * What to do if the response to a POST is lost and the API may have executed it: - `safe`: post again; repeating it is
 * harmless;
 * - `findOutcome`: call it first. Its value is the result. If it returns undefined, the API didn't execute the POST:
 *   post again. If it throws, the outcome is unknown: fail with an `OutcomeUnknownError`;
 * - `never`: fail with an `OutcomeUnknownError` at once.
 */
export type PostRetry<T> = 'safe' | 'never' | { findOutcome: () => Promise<T | undefined> };

export interface Request<T> extends Expectation<T> {
  account: string;
  method: 'GET' | 'POST';
  url: URL;
  body?: string;
  /** Set if the response may be a file. */
  file?: FileReceiver<T> | undefined;
  retry: PostRetry<T>;
  /** Called right before each attempt; if it throws, nothing is sent. */
  beforeSending?: (() => void) | undefined;
  priority?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** The result of one attempt. */
export type Outcome<T> =
  | Classification<T>
  /** There was no valid token; nothing was sent. */
  | { kind: 'no token' }
  | { kind: 'lost'; reason: string; cause: unknown; mayHaveArrived: boolean };

/** A request's attempts so far. */
export interface Progress {
  startedAt: number;
  /** Time spent on attempts and retries. Excludes waiting in the queue, which says nothing about the API. */
  busyMs: number;
  /** Attempts sent. */
  sent: number;
  /** Attempts that failed. */
  failures: number;
  /** Attempts that got a 429. */
  pauses: number;
  /** Attempts that got a 401. */
  refusals: number;
}

export interface SendOptions {
  wire: Wire;
  /** Aborted with a CredentialsError when the API rejects the credentials. */
  lifetime: AbortController;
  authorization: Authorization;
  credentials: Credentials;
  clock: ServerClock;
  maxClockDifferenceMs: number;
  onEvent: (event: ClientEvent) => void;
  onSend: (account: string) => void;
}

/**
 * Sends a request once, as a task of the account's queue. Effects of the response on other requests (a pause, a
 * rejected token) apply before the task ends and the next one starts.
 */
export async function sendOnce<T>(
  request: Request<T>,
  progress: Progress,
  queue: AccountQueue,
  signal: AbortSignal,
  options: SendOptions,
): Promise<Outcome<T>> {
  const { authorization, wire } = options;
  const header = authorization.header();
  if (header === undefined) {
    // Waiting here would send the request later than the queue counted it.
    queue.hold(authorization.ready());
    return { kind: 'no token' };
  }
  request.beforeSending?.();
  progress.sent += 1;
  options.onSend(request.account);
  const began = performance.now();
  let status: number | undefined;
  const report = (received: number | undefined) => {
    const { account, method, url } = request;
    const elapsedMs = performance.now() - began;
    const attempt = progress.sent;
    options.onEvent({ type: 'response', account, method, path: pathOf(url), attempt, status: received, elapsedMs });
  };
  try {
    const answer = await exchange({
      ...wireOptions(wire, request.url, signal),
      ...(request.file === undefined ? {} : { totalMs: downloadTotalMs, totalSetting: undefined }),
      method: request.method,
      headers: { ...requestHeaders(wire, header, request), ...request.file?.headers?.() },
      ...(request.body === undefined ? {} : { body: request.body }),
      consume: (streamed) => {
        options.clock.note(streamed);
        status = streamed.status;
        return receiveAnswer(streamed, request.file, wire.maxBodyBytes);
      },
    });
    report(status);
    if (answer.kind === 'file') {
      queue.lastProgress = performance.now();
      return { kind: 'value', value: answer.value };
    }
    const response = answer.body;
    // Use the response to a request that changes something even if the clocks differ. The next read reports the
    // difference.
    const classification =
      (request.retry === 'safe' ? refuseClock(response, options.maxClockDifferenceMs) : undefined) ??
      classifyResponse(response, request, { kind: options.credentials.kind, claims: authorization.claims() });
    if (classification.kind === 'limited') {
      pauseQueue(response, request, progress, queue, options);
    } else {
      queue.lastProgress = performance.now();
    }
    if (classification.kind === 'unauthorized') {
      handleUnauthorized(header, request, progress, queue, options);
    }
    return classification;
  } catch (error) {
    if (error instanceof ExchangeFailure) {
      report(undefined);
      return { kind: 'lost', reason: error.message, cause: error.cause, mayHaveArrived: error.mayHaveArrived };
    }
    throw error;
  } finally {
    progress.busyMs += performance.now() - began;
  }
}

function pauseQueue<T>(
  response: ResponseBody,
  request: Request<T>,
  progress: Progress,
  queue: AccountQueue,
  options: SendOptions,
): void {
  const { waitMs, reason } = rateLimitPause(response.headers);
  progress.pauses += 1;
  queue.pause(waitMs);
  const { account, method } = request;
  options.onEvent({
    type: 'pause',
    account,
    method,
    path: pathOf(request.url),
    attempt: progress.sent,
    waitMs,
    reason,
  });
}

function handleUnauthorized<T>(
  header: string,
  request: Request<T>,
  progress: Progress,
  queue: AccountQueue,
  options: SendOptions,
): void {
  const { authorization, credentials, lifetime } = options;
  progress.refusals += 1;
  if (!authorization.refused(header) || progress.refusals > 1) {
    lifetime.abort(
      new CredentialsError('the API rejected the credentials (401); the run was stopped', {
        request: factsOf(request, progress),
        hint: credentialsHint(credentials),
      }),
    );
    return;
  }
  // No request starts before the new token arrives. Then this request goes first, to test the token.
  queue.hold(authorization.ready());
}

/** The facts of a request for error messages. */
export function factsOf<T>({ account, method, url }: Request<T>, { sent, startedAt }: Progress): RequestFacts {
  return { account, method, path: pathOf(url), tries: sent, elapsedMs: performance.now() - startedAt };
}

export function pathOf(url: URL): string {
  return `${url.pathname}${url.search}`;
}

function requestHeaders<T>(wire: Wire, authorization: string, { body, file }: Request<T>): Record<string, string> {
  return {
    authorization,
    accept: file === undefined ? 'application/xml' : 'application/zip, application/xml;q=0.9, */*;q=0.8',
    // A compressed file would have no known length and could not be resumed by range.
    'accept-encoding': file === undefined ? 'gzip' : 'identity',
    'user-agent': wire.userAgent,
    ...(body === undefined ? {} : { 'content-type': 'application/xml' }),
  };
}
