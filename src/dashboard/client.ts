import { Agent } from 'undici';
import type { Credentials } from '../config.js';
import { LedgerError } from '../errors.js';
import type { Permits } from '../permits.js';
import { defaultRetryPolicy, type RetryPolicy, unlessAborted } from '../retry.js';
import { version } from '../version.js';
import { type AccountQueue, createAccountQueue } from './account-queue.js';
import { checkAddress, requestUrl } from './address.js';
import { createAuthorization } from './authorization.js';
import type { Expectation } from './classify-response.js';
import type { FileReceiver } from './download.js';
import { ApiError, ClockError } from './errors.js';
import type { ClientEvent } from './events.js';
import { createRequester } from './requester.js';
import type { PostRetry } from './send-once.js';
import { clockHint, createServerClock, describeDifference } from './server-clock.js';
import type { TokenClaims } from './token-claims.js';
import { createTokenRequester } from './token-requester.js';

export type { FileReceiver } from './download.js';
export type { ClientEvent } from './events.js';
export type { ResponseBody, StreamedResponse } from './exchange.js';
export type { PostRetry } from './send-once.js';
export type { TokenClaims } from './token-claims.js';

export interface DashboardClientOptions {
  /** Through `/api`, `/api/v1`, or `/api/v2`. */
  apiUrl: string;
  credentials: Credentials;
  /**
   * Rate limit per account, retries included: the maximum number of requests in any 60 seconds, over all clients with
   * the same `permits`.
   */
  requestsPerMinute: number;
  /** Every request but those for tokens needs a permit. */
  permits: Permits;
  /** Maximum number of concurrent requests per account. */
  concurrency: number;
  /** Limits of an account that differ from these. */
  limitsFor?: (account: string) => Partial<Pick<DashboardClientOptions, 'requestsPerMinute' | 'concurrency'>>;
  /** Aborts every request with its reason. */
  signal?: AbortSignal;
  onEvent?: (event: ClientEvent) => void;
  timeouts?: { firstByteMs?: number; betweenBytesMs?: number; totalMs?: number };
  retry?: Partial<RetryPolicy>;
  /**
   * If the API's clock differs from this machine's by more than this, responses to GET are rejected and POSTs are not
   * sent. No limit by default.
   */
  maxClockDifferenceMs?: number | undefined;
  /** Maximum size of a response, decompressed. */
  maxBodyBytes?: number;
}

export interface GetRequest<T> extends Expectation<T> {
  account: string;
  /** Relative to the API's base URL, ids encoded. */
  path: string;
  query?: Record<string, string>;
  /** Among the account's waiting requests, the highest priority goes first; an integer, 0 by default. */
  priority?: number;
  signal?: AbortSignal;
}

export interface PostRequest<T> extends GetRequest<T> {
  /** XML. */
  body: string;
  retry: PostRetry<T>;
  /** Called right before each attempt, after all waiting; if it throws, nothing is sent. */
  beforeSending?: (() => void) | undefined;
}

export interface DownloadRequest<T> extends GetRequest<T> {
  file: FileReceiver<T>;
}

/** The Dashboard API. Every method rejects with an error of `errors.ts`, or with the reason of an aborted signal. */
export interface DashboardClient {
  /**
   * Gets a resource and passes its body to `parse`. Retries network failures and broken bodies: empty, not XML, or
   * rejected by `parse`, which throws.
   */
  get<T>(request: GetRequest<T>): Promise<T>;
  /**
   * Posts to a resource. Retries if the API certainly didn't execute the request (429, 401, no connection); `retry`
   * says what to do if that is uncertain.
   */
  post<T>(request: PostRequest<T>): Promise<T>;
  /**
   * Gets a file of any size, as a stream. A response that isn't a file is handled as in `get`. Retries as often as any
   * other request; a retry may resume where the previous attempt stopped (`file.headers`).
   */
  download<T>(request: DownloadRequest<T>): Promise<T>;
  /** The API's current time, based on its latest response; this machine's time until a response has one. */
  now(): Date;
  /**
   * Checks this machine's clock against the latest response, including token responses. Sends a request for the account
   * only if those show no time or a wrong one. Does nothing without `maxClockDifferenceMs`.
   *
   * @param consequence what was not done because of the difference, as a sentence
   * @throws {ClockError} if the clocks differ by more than the limit
   */
  checkClock(account: string, consequence: string, signal?: AbortSignal): Promise<void>;
  /** The API's base URL without a trailing slash: `https://api.bandwidth.com/api`. */
  readonly apiUrl: string;
  /**
   * Claims of the access token, fetched if there is none yet; later requests use the same token. Undefined for an
   * opaque token and with Basic credentials.
   */
  tokenClaims(): Promise<TokenClaims | undefined>;
  /** Maximum number of concurrent requests for an account. */
  concurrencyFor(account: string): number;
  /** Requests sent for an account, including retries but not token requests. */
  requestCount(account: string): number;
  /** Aborts pending requests and closes connections. */
  close(): Promise<void>;
}

const defaultTimeoutMs = 60_000;
const defaultTotalMs = 5 * 60_000;
/** Several times the size of a page of 5,000 entries. */
const defaultMaxBodyBytes = 16e6;

/** @throws {UsageError} for a URL that must not receive credentials */
export function createDashboardClient(options: DashboardClientOptions): DashboardClient {
  const api = checkAddress(options.apiUrl, 'BANDWIDTH_API_URL');
  if (options.credentials.kind === 'oauth') {
    checkAddress(options.credentials.tokenUrl, 'BANDWIDTH_TOKEN_URL');
  }
  const lifetime = new AbortController();
  const endWithOptions = () => lifetime.abort(options.signal?.reason);
  const agent = new Agent();
  const queues = new Map<string, AccountQueue>();
  const counts = new Map<string, number>();
  const onEvent = options.onEvent ?? (() => undefined);
  const clock = createServerClock();
  const maxClockDifferenceMs = options.maxClockDifferenceMs ?? Number.POSITIVE_INFINITY;
  const policy = { ...defaultRetryPolicy, ...options.retry };
  const wire = {
    agent,
    firstByteMs: options.timeouts?.firstByteMs ?? defaultTimeoutMs,
    betweenBytesMs: options.timeouts?.betweenBytesMs ?? defaultTimeoutMs,
    totalMs: options.timeouts?.totalMs ?? defaultTotalMs,
    maxBodyBytes: options.maxBodyBytes ?? defaultMaxBodyBytes,
    userAgent: `tn-ledger/${version} (+node ${process.versions.node})`,
  };

  lifetime.signal.addEventListener('abort', () => {
    options.signal?.removeEventListener('abort', endWithOptions);
    // `close` awaits it; nothing does here.
    agent.destroy().catch(() => undefined);
  });
  if (options.signal?.aborted) {
    endWithOptions();
  }
  options.signal?.addEventListener('abort', endWithOptions, { once: true });

  const authorization = createAuthorization({
    credentials: options.credentials,
    requestToken: createTokenRequester({ wire, policy, signal: lifetime.signal, clock, onEvent }),
    onToken: (reason, expiresInMs) => onEvent({ type: 'token', reason, expiresInMs }),
    onRefused: (error) => lifetime.abort(error),
  });
  const limitsFor = (account: string) => ({
    requestsPerMinute: options.requestsPerMinute,
    concurrency: options.concurrency,
    ...options.limitsFor?.(account),
  });
  const queueFor = (account: string): AccountQueue => {
    let queue = queues.get(account);
    if (queue === undefined) {
      const { permits } = options;
      queue = createAccountQueue({ account, ...limitsFor(account), permits, signal: lifetime.signal });
      queues.set(account, queue);
    }
    return queue;
  };
  const perform = createRequester({
    wire,
    policy,
    lifetime,
    authorization,
    credentials: options.credentials,
    clock,
    maxClockDifferenceMs,
    queueFor,
    onEvent,
    onSend: (account) => counts.set(account, (counts.get(account) ?? 0) + 1),
  });
  const isWrong = (aheadMs: number) => Math.abs(aheadMs) > maxClockDifferenceMs;
  let serverSendsDate = maxClockDifferenceMs < Number.POSITIVE_INFINITY;
  const checkClock = async (account: string, consequence: string, signal?: AbortSignal): Promise<void> => {
    if (!serverSendsDate) return;
    await unlessAborted(authorization.ready(), lifetime.signal);
    const knownAheadMs = clock.aheadMs();
    if (knownAheadMs !== undefined && !isWrong(knownAheadMs)) return;
    try {
      const url = requestUrl(api, `/accounts/${encodeURIComponent(account)}`, undefined);
      await perform({ account, method: 'GET', url, parse: () => undefined, retry: 'safe', signal });
    } catch (error) {
      // A rejection carries the server's time as well.
      if (!(error instanceof ApiError || error instanceof ClockError)) throw error;
    }
    const aheadMs = clock.aheadMs();
    serverSendsDate = aheadMs !== undefined;
    if (aheadMs === undefined || !isWrong(aheadMs)) return;
    throw new ClockError(`This machine's clock is ${describeDifference(aheadMs)}. ${consequence}`, { hint: clockHint });
  };

  return {
    get: async ({ path, query, ...request }) =>
      perform({ ...request, method: 'GET', url: requestUrl(api, path, query), retry: 'safe' }),
    download: async ({ path, query, ...request }) =>
      perform({ ...request, method: 'GET', url: requestUrl(api, path, query), retry: 'safe' }),
    async post({ path, query, ...request }) {
      await checkClock(request.account, `POST ${path} was not sent.`, request.signal);
      return perform({ ...request, method: 'POST', url: requestUrl(api, path, query) });
    },
    now: clock.now,
    checkClock,
    apiUrl: `${api.origin}${api.pathname.replace(/\/+$/, '')}`,
    async tokenClaims() {
      await unlessAborted(authorization.ready(), lifetime.signal);
      return authorization.claims();
    },
    concurrencyFor: (account) => limitsFor(account).concurrency,
    requestCount: (account) => counts.get(account) ?? 0,
    async close() {
      lifetime.abort(new LedgerError('The client of the Dashboard API was closed.'));
      await agent.destroy();
    },
  };
}
