import type { Authorization } from './authorization.js';
import type { ClientEvent } from './client.js';
import { type Credentials, credentialsHint } from './credentials.js';
import { downloadTotalMs, receiveAnswer } from './download.js';
import { CredentialsError, type RequestFacts } from './errors.js';
import { ExchangeFailure, exchange, type ResponseBody } from './exchange.js';
import type { Lane } from './lane.js';
import { rateLimitPause } from './rate-limit.js';
import type { Request } from './requester.js';
import { refuseClock } from './server-clock.js';
import { judge, type Verdict } from './verdict.js';
import { type Wire, wireOptions } from './wire.js';

/** What came of a request's turn in its lane. */
export type Outcome<T> =
  | Verdict<T>
  /** There was no valid token, and nothing was sent. */
  | { kind: 'no token' }
  | { kind: 'lost'; reason: string; cause: unknown; mayHaveArrived: boolean };

/** How a request has fared so far. */
export interface Progress {
  startedAt: number;
  /** Time spent on the request itself; its waiting for a turn says nothing about the API. */
  busyMs: number;
  /** Attempts sent. */
  sent: number;
  /** Those that failed. */
  failures: number;
  /** Those that met a 429. */
  pauses: number;
  /** Those that met a 401. */
  refusals: number;
}

export interface TurnOptions {
  wire: Wire;
  /** Aborted with a CredentialsError when the API refuses the credentials. */
  lifetime: AbortController;
  authorization: Authorization;
  credentials: Credentials;
  maxClockDifferenceMs: number;
  onEvent: (event: ClientEvent) => void;
  onSend: (account: string) => void;
}

/**
 * Sends a request once, in its turn. What its answer means for the other requests too (a pause, a refused token) takes effect
 * before the turn ends and the next one begins.
 */
export async function takeTurn<T>(
  request: Request<T>,
  progress: Progress,
  lane: Lane,
  signal: AbortSignal,
  options: TurnOptions,
): Promise<Outcome<T>> {
  const { authorization, wire } = options;
  const header = authorization.header();
  if (header === undefined) {
    // Waiting here would send the request later than the lane has counted it.
    lane.hold(authorization.ready());
    return { kind: 'no token' };
  }
  progress.sent += 1;
  options.onSend(request.account);
  const began = performance.now();
  try {
    const answer = await exchange({
      ...wireOptions(wire, request.url, signal),
      ...(request.file === undefined ? {} : { totalMs: downloadTotalMs }),
      method: request.method,
      headers: { ...requestHeaders(wire, header, request), ...request.file?.headers?.() },
      ...(request.body === undefined ? {} : { body: request.body }),
      consume: (streamed) => receiveAnswer(streamed, request.file, wire.maxBodyBytes),
    });
    if (answer.kind === 'file') {
      lane.lastProgress = performance.now();
      return { kind: 'value', value: answer.value };
    }
    const response = answer.body;
    // The answer to what changes something counts, whatever the time; the next answer that is read says what is wrong.
    const verdict =
      (request.retry === 'safe' ? refuseClock(response.headers, options.maxClockDifferenceMs) : undefined) ??
      judge(response, request, { kind: options.credentials.kind, claims: authorization.claims() });
    if (verdict.kind === 'limited') {
      pauseLane(response, request, progress, lane, options);
    } else {
      lane.lastProgress = performance.now();
    }
    if (verdict.kind === 'unauthorized') {
      refuse(header, request, progress, lane, options);
    }
    return verdict;
  } catch (error) {
    if (error instanceof ExchangeFailure) {
      return { kind: 'lost', reason: error.message, cause: error.cause, mayHaveArrived: error.mayHaveArrived };
    }
    throw error;
  } finally {
    progress.busyMs += performance.now() - began;
  }
}

function pauseLane<T>(
  response: ResponseBody,
  request: Request<T>,
  progress: Progress,
  lane: Lane,
  options: TurnOptions,
): void {
  const { waitMs, reason } = rateLimitPause(response.headers);
  progress.pauses += 1;
  lane.pause(waitMs);
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

function refuse<T>(header: string, request: Request<T>, progress: Progress, lane: Lane, options: TurnOptions): void {
  const { authorization, credentials, lifetime } = options;
  progress.refusals += 1;
  if (!authorization.refused(header) || progress.refusals > 1) {
    lifetime.abort(
      new CredentialsError('the API refused the credentials (401); the run was stopped', {
        request: factsOf(request, progress),
        hint: credentialsHint(credentials),
      }),
    );
    return;
  }
  // Nobody goes before the new token is there, and then this request goes first: it shows whether the token is any good.
  lane.hold(authorization.ready());
}

/** What errors tell of a request. */
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
    // Of a compressed file, neither its length nor a part of it could be told.
    'accept-encoding': file === undefined ? 'gzip' : 'identity',
    'user-agent': wire.userAgent,
    ...(body === undefined ? {} : { 'content-type': 'application/xml' }),
  };
}
