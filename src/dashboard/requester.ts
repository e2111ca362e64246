import type { FileReceiver } from './download.js';
import {
  BrokenBodyError,
  OutcomeUnknownError,
  RateLimitedError,
  type RequestError,
  type RequestFacts,
  UnavailableError,
} from './errors.js';
import type { Lane } from './lane.js';
import { backoffMs, type RetryPolicy, sleep, unlessAborted } from './retry.js';
import { createFollower } from './signals.js';
import { factsOf, type Outcome, type Progress, pathOf, type TurnOptions, takeTurn } from './turn.js';
import type { Expectation } from './verdict.js';

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
  /** Where the answer may be a file. */
  file?: FileReceiver<T> | undefined;
  retry: PostRetry<T>;
  priority?: number | undefined;
  signal?: AbortSignal | undefined;
}

export interface RequesterOptions extends TurnOptions {
  policy: RetryPolicy;
  laneOf: (account: string) => Lane;
}

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
  const lane = options.laneOf(request.account);
  const progress: Progress = { startedAt: performance.now(), busyMs: 0, sent: 0, failures: 0, pauses: 0, refusals: 0 };
  let isTokenAwaited = false;
  for (;;) {
    signal.throwIfAborted();
    if (!isTokenAwaited) {
      await unlessAborted(options.authorization.ready(), signal);
    }
    const priority = (request.priority ?? 0) + (progress.sent > 0 ? retryPriority : 0);
    const outcome = await lane.run(() => takeTurn(request, progress, lane, signal, options), { priority, signal });
    // Ended while its turn was ending, by another request's refusal or its own.
    signal.throwIfAborted();
    // After a 401 the lane waits for the new token, and the request waits in the lane.
    isTokenAwaited = outcome.kind === 'unauthorized';
    switch (outcome.kind) {
      case 'value':
        return outcome.value;
      case 'refused':
        throw outcome.error({ request: factsOf(request, progress) });
      case 'limited':
        checkPauses(request, progress, lane, options.policy);
        break;
      case 'retry':
      case 'lost': {
        progress.failures += 1;
        const began = performance.now();
        const found = await afterFailure(outcome, request, progress, signal, options);
        progress.busyMs += performance.now() - began;
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
}

/**
 * A pause is no failed try, however long it is. But when pauses end and nothing ever comes of it, for any request of the account
 * and as long as a failing request would be tried, waiting on is no use.
 */
function checkPauses<T>(request: Request<T>, progress: Progress, lane: Lane, policy: RetryPolicy): void {
  const idleMs = performance.now() - Math.max(lane.lastProgress, progress.startedAt);
  if (progress.pauses >= policy.tries && idleMs > policy.totalMs) {
    throw new RateLimitedError(
      `the API still answers 429 after ${progress.pauses} pauses, and nothing else meanwhile`,
      {
        request: factsOf(request, progress),
        hint: 'Something else may use up the account\u2019s limit: lower BANDWIDTH_REQUESTS_PER_MINUTE, or try again later.',
      },
    );
  }
}

/** Waits for the next try, or throws when there is none; gives the answer if it was found another way. */
async function afterFailure<T>(
  failure: Failure,
  request: Request<T>,
  progress: Progress,
  signal: AbortSignal,
  { policy, onEvent }: RequesterOptions,
): Promise<T | undefined> {
  const { account, method, retry } = request;
  const isUncertain = failure.kind === 'retry' || failure.mayHaveArrived;
  if (isUncertain && retry === 'never') {
    throw new OutcomeUnknownError(`the answer was lost (${failure.reason}), and it was not sent again`, {
      request: factsOf(request, progress),
      cause: failure.cause,
    });
  }
  const isLast = progress.failures >= policy.tries || progress.busyMs >= policy.totalMs;
  const findOutcome = isUncertain && typeof retry === 'object' ? retry.findOutcome : undefined;
  if (isLast && findOutcome === undefined) {
    throw lastFailure(failure, factsOf(request, progress));
  }
  const waitMs = backoffMs(policy, progress.failures);
  const { reason } = failure;
  onEvent({ type: 'retry', account, method, path: pathOf(request.url), attempt: progress.sent, waitMs, reason });
  await sleep(waitMs, signal);
  if (findOutcome === undefined) {
    return undefined;
  }
  let found: T | undefined;
  try {
    found = await unlessAborted(findOutcome(), signal);
  } catch (cause) {
    signal.throwIfAborted();
    const what = `the answer was lost (${reason}), and what became of it could not be found out; it was not sent again`;
    throw new OutcomeUnknownError(what, { request: factsOf(request, progress), cause });
  }
  if (found === undefined && isLast) {
    throw lastFailure(failure, factsOf(request, progress));
  }
  return found;
}

function lastFailure(failure: Failure, request: RequestFacts): RequestError {
  const { reason, cause } = failure;
  const given = cause instanceof BrokenBodyError ? cause.hint : undefined;
  if (cause instanceof BrokenBodyError || (failure.kind === 'retry' && failure.broken)) {
    const hint = (failure.kind === 'retry' ? failure.hint : undefined) ?? given;
    return new BrokenBodyError(`no usable answer; the last was: ${reason}`, {
      request,
      cause,
      hint: hint ?? 'The answers arrive broken; try again later, and look at what lies between here and the API.',
    });
  }
  return new UnavailableError(`failed; the last failure was: ${reason}`, {
    request,
    cause,
    hint: 'Check the connection and BANDWIDTH_API_URL; if both are right, the API is down: try again later.',
  });
}
