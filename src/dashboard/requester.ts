import type { Authorization } from './authorization.js';
import type { ClientEvent } from './client.js';
import { type Credentials, credentialsHint } from './credentials.js';
import {
  BrokenBodyError,
  CredentialsError,
  OutcomeUnknownError,
  RateLimitedError,
  type RequestError,
  type RequestFacts,
  UnavailableError,
} from './errors.js';
import { ExchangeFailure, exchange, readBody } from './exchange.js';
import type { Lane } from './lane.js';
import { rateLimitPause } from './rate-limit.js';
import { backoffMs, type RetryPolicy, sleep, unlessAborted } from './retry.js';
import { createFollower } from './signals.js';
import { type Expectation, judge, type Verdict } from './verdict.js';
import { type Wire, wireOptions } from './wire.js';

/**
 * What to do when the answer to a POST is lost and the API may have carried it out:
 * - `safe`: post again; it only asks for something;
 * - `findOutcome`: ask it first. What it gives is the answer; undefined means that the API has not carried the POST out, and it
 *   is posted again; if it throws, nobody can tell, and the POST fails with an `OutcomeUnknownError`;
 * - `never`: fail with an `OutcomeUnknownError` at once.
 */
export type PostRetry<T> = 'safe' | 'never' | { findOutcome: () => Promise<T | undefined> };

export interface Request<T> extends Expectation<T> {
  account: string;
  method: 'GET' | 'POST';
  url: URL;
  body?: string;
  retry: PostRetry<T>;
  priority?: number | undefined;
  signal?: AbortSignal | undefined;
}

export interface RequesterOptions {
  wire: Wire;
  policy: RetryPolicy;
  /** Aborted with a CredentialsError when the API refuses the credentials. */
  lifetime: AbortController;
  authorization: Authorization;
  credentials: Credentials;
  laneOf: (account: string) => Lane;
  onEvent: (event: ClientEvent) => void;
  onSend: (account: string) => void;
}

/** What came of one turn in the lane. */
type Outcome<T> =
  | Verdict<T>
  | { kind: 'no token' }
  | { kind: 'lost'; reason: string; cause: unknown; mayHaveArrived: boolean };

type Failure = Extract<Outcome<unknown>, { kind: 'retry' | 'lost' }>;

/** A retry goes before what has not begun: it may hold up everything else (a page, before the next one is known). */
const retryPriority = 0.5;

/** Makes the function that sees a request through: turns in its account's lane, tries, tokens, pauses. */
export function createRequester(options: RequesterOptions): <T>(request: Request<T>) => Promise<T> {
  const follow = createFollower();
  return async (request) => {
    const { signal, release } = follow(options.lifetime.signal, request.signal);
    try {
      return await seeThrough(request, signal, options);
    } finally {
      release();
    }
  };
}

async function seeThrough<T>(request: Request<T>, signal: AbortSignal, options: RequesterOptions): Promise<T> {
  const { authorization, policy, onEvent } = options;
  const lane = options.laneOf(request.account);
  const startedAt = performance.now();
  const path = `${request.url.pathname}${request.url.search}`;
  const { account, method } = request;
  // Time spent on this request itself; its waiting for a turn says nothing about the API.
  let busyMs = 0;
  let sent = 0;
  let failures = 0;
  let pauses = 0;
  let refusals = 0;
  const facts = (): RequestFacts => ({ account, method, path, tries: sent, elapsedMs: performance.now() - startedAt });

  const turn = async (): Promise<Outcome<T>> => {
    const header = authorization.header();
    if (header === undefined) {
      // Waiting here would send the request later than the lane has counted it.
      lane.hold(authorization.ready());
      return { kind: 'no token' };
    }
    sent += 1;
    options.onSend(account);
    const began = performance.now();
    try {
      const response = await exchange({
        ...wireOptions(options.wire, request.url, signal),
        method,
        headers: requestHeaders(options.wire, header, request.body),
        ...(request.body === undefined ? {} : { body: request.body }),
        consume: (streamed) => readBody(streamed, options.wire.maxBodyBytes),
      });
      const verdict = judge(response, account, request.url, request);
      // What concerns the other requests too has to happen before this turn ends and the next one begins.
      if (verdict.kind === 'limited') {
        const { waitMs, reason } = rateLimitPause(response.headers);
        pauses += 1;
        lane.pause(waitMs);
        onEvent({ type: 'pause', account, method, path, attempt: sent, waitMs, reason });
      } else {
        lane.lastProgress = performance.now();
      }
      if (verdict.kind === 'unauthorized') {
        refusals += 1;
        if (!authorization.refused(header) || refusals > 1) {
          const hint = credentialsHint(options.credentials);
          options.lifetime.abort(
            new CredentialsError('the API refused the credentials (401); the run was stopped', {
              request: facts(),
              hint,
            }),
          );
        }
        // Nobody else goes before the new token is there, and then this request goes first: it shows whether it is any good.
        lane.hold(authorization.ready());
      }
      return verdict;
    } catch (error) {
      if (error instanceof ExchangeFailure) {
        return { kind: 'lost', reason: error.message, cause: error.cause, mayHaveArrived: error.mayHaveArrived };
      }
      throw error;
    } finally {
      busyMs += performance.now() - began;
    }
  };

  let isTokenAwaited = false;
  for (;;) {
    signal.throwIfAborted();
    if (!isTokenAwaited) {
      await unlessAborted(authorization.ready(), signal);
    }
    const priority = (request.priority ?? 0) + (sent > 0 ? retryPriority : 0);
    const outcome = await lane.run(turn, { priority, signal });
    signal.throwIfAborted();
    isTokenAwaited = outcome.kind === 'unauthorized';
    switch (outcome.kind) {
      case 'value':
        return outcome.value;
      case 'refused':
        throw outcome.error({ request: facts() });
      case 'limited':
        // A pause is no failure, however long. But when pauses end and nothing ever comes of it, waiting on is no use.
        if (pauses >= policy.tries && performance.now() - Math.max(lane.lastProgress, startedAt) > policy.totalMs) {
          throw new RateLimitedError(`the API still answers 429 after ${pauses} pauses, and nothing else meanwhile`, {
            request: facts(),
            hint: 'Something else may use up the account\u2019s limit: lower BANDWIDTH_REQUESTS_PER_MINUTE, or try again later.',
          });
        }
        break;
      case 'retry':
      case 'lost': {
        failures += 1;
        const began = performance.now();
        const found = await afterFailure(outcome);
        busyMs += performance.now() - began;
        if (found !== undefined) {
          return found;
        }
        break;
      }
      case 'no token':
      case 'unauthorized':
        break;
    }
  }

  /** Waits for the next try, or throws when there is none; gives the answer if it was found another way. */
  async function afterFailure(failure: Failure): Promise<T | undefined> {
    const isLast = failures >= policy.tries || busyMs >= policy.totalMs;
    const uncertain = failure.kind === 'retry' || failure.mayHaveArrived;
    if (uncertain && request.retry === 'never') {
      throw new OutcomeUnknownError(`the answer was lost (${failure.reason}), and it was not sent again`, {
        request: facts(),
        cause: failure.cause,
      });
    }
    const mayAsk = uncertain && typeof request.retry === 'object';
    if (isLast && !mayAsk) {
      throw lastFailure(failure, facts());
    }
    const waitMs = backoffMs(policy, failures);
    onEvent({ type: 'retry', account, method, path, attempt: sent, waitMs, reason: failure.reason });
    await sleep(waitMs, signal);
    const found = mayAsk ? await askOutcome(failure) : undefined;
    if (found === undefined && isLast) {
      throw lastFailure(failure, facts());
    }
    return found;
  }

  async function askOutcome(failure: Failure): Promise<T | undefined> {
    if (typeof request.retry !== 'object') {
      return undefined;
    }
    try {
      return await unlessAborted(request.retry.findOutcome(), signal);
    } catch (cause) {
      signal.throwIfAborted();
      throw new OutcomeUnknownError(
        `the answer was lost (${failure.reason}), and what became of it could not be found out; it was not sent again`,
        { request: facts(), cause },
      );
    }
  }
}

function lastFailure(failure: Failure, request: RequestFacts): RequestError {
  const { reason, cause } = failure;
  if (failure.kind === 'retry' && failure.broken) {
    const hint =
      failure.hint ?? 'The answers arrive broken; try again later, and look at what lies between here and the API.';
    return new BrokenBodyError(`no usable answer; the last was: ${reason}`, { request, cause, hint });
  }
  const { hint } = cause instanceof BrokenBodyError ? cause : { hint: undefined };
  const ErrorClass = cause instanceof BrokenBodyError ? BrokenBodyError : UnavailableError;
  return new ErrorClass(`failed; the last failure was: ${reason}`, {
    request,
    cause,
    hint: hint ?? 'Check the connection and BANDWIDTH_API_URL; if both are right, the API is down: try again later.',
  });
}

function requestHeaders(wire: Wire, authorization: string, body: string | undefined): Record<string, string> {
  return {
    authorization,
    accept: 'application/xml',
    'accept-encoding': 'gzip',
    'user-agent': wire.userAgent,
    ...(body === undefined ? {} : { 'content-type': 'application/xml' }),
  };
}
