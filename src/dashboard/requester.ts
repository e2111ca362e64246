import { certificateFix } from '../certificates.js';
import { backoffMs, type RetryPolicy, sleep, unlessAborted } from '../retry.js';
import type { AccountQueue } from './account-queue.js';
import {
  BrokenBodyError,
  OutcomeUnknownError,
  RateLimitedError,
  type RequestError,
  type RequestFacts,
  UnavailableError,
} from './errors.js';
import { factsOf, type Outcome, type Progress, pathOf, type Request, type SendOptions, sendOnce } from './send-once.js';
import { createSignalCombiner } from './signals.js';

export interface RequesterOptions extends SendOptions {
  policy: RetryPolicy;
  queueFor: (account: string) => AccountQueue;
}

type Failure = Extract<Outcome<unknown>, { kind: 'retry' | 'lost' }>;

/** A retry goes before new requests: others may depend on it (the next page is known only after this one). */
const retryPriority = 0.5;

/** Creates the function that sends a request with retries, through its account's queue, with tokens and pauses. */
export function createRequester(options: RequesterOptions): <T>(request: Request<T>) => Promise<T> {
  const combine = createSignalCombiner();
  return async (request) => {
    const { signal, release } = combine(options.lifetime.signal, request.signal);
    try {
      return await sendWithRetries(request, signal, options);
    } finally {
      release();
    }
  };
}

async function sendWithRetries<T>(request: Request<T>, signal: AbortSignal, options: RequesterOptions): Promise<T> {
  const queue = options.queueFor(request.account);
  const progress: Progress = { startedAt: performance.now(), busyMs: 0, sent: 0, failures: 0, pauses: 0, refusals: 0 };
  let isTokenAwaited = false;
  for (;;) {
    signal.throwIfAborted();
    if (!isTokenAwaited) {
      await unlessAborted(options.authorization.ready(), signal);
    }
    const priority = (request.priority ?? 0) + (progress.sent > 0 ? retryPriority : 0);
    const outcome = await queue.run(() => sendOnce(request, progress, queue, signal, options), { priority, signal });
    // The attempt may have aborted the client (credentials rejected), or another request may have.
    signal.throwIfAborted();
    // After a 401 the queue waits for the new token, so the request must wait in the queue rather than here.
    isTokenAwaited = outcome.kind === 'unauthorized';
    switch (outcome.kind) {
      case 'value':
        return outcome.value;
      case 'refused':
        throw outcome.error({ request: factsOf(request, progress) });
      case 'limited':
        checkPauses(request, progress, queue, options.policy);
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
 * A pause is not a failed attempt, however long it is. But give up if, after several pauses, no request of the account
 * has made progress for as long as a failing request would be retried.
 */
function checkPauses<T>(request: Request<T>, progress: Progress, queue: AccountQueue, policy: RetryPolicy): void {
  const idleMs = performance.now() - Math.max(queue.lastProgress, progress.startedAt);
  if (progress.pauses >= policy.tries && idleMs > policy.totalMs) {
    throw new RateLimitedError(
      `the API still returns 429 after ${progress.pauses} pauses, and has returned nothing else`,
      {
        request: factsOf(request, progress),
        hint: 'Something else may be using up the account\u2019s rate limit. Lower BANDWIDTH_REQUESTS_PER_MINUTE, or try again later.',
      },
    );
  }
}

/** Waits for the next attempt, or throws if there is none. Returns the result if `findOutcome` found it. */
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
    throw new OutcomeUnknownError(`the response was lost (${failure.reason}); the request was not sent again`, {
      request: factsOf(request, progress),
      cause: failure.cause,
    });
  }
  // A certificate that isn't accepted stays so.
  const isLast =
    progress.failures >= policy.tries ||
    progress.busyMs >= policy.totalMs ||
    certificateFix(failure.cause) !== undefined;
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
    const what = `the response was lost (${reason}), and the outcome could not be determined; the request was not sent again`;
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
    return new BrokenBodyError(`no usable response; the last was: ${reason}`, {
      request,
      cause,
      hint:
        hint ?? 'The responses are broken. Try again later, and check for a proxy between this machine and the API.',
    });
  }
  return new UnavailableError(`failed; the last failure was: ${reason}`, {
    request,
    cause,
    hint:
      certificateFix(cause) ??
      'Check the connection and BANDWIDTH_API_URL. If both are correct, the API is down: try again later.',
  });
}
