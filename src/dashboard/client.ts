import { Agent } from 'undici';
import { LedgerError } from '../errors.js';
import { version } from '../version.js';
import { checkAddress, requestUrl } from './address.js';
import { createAuthorization } from './authorization.js';
import type { Credentials } from './credentials.js';
import type { FileReceiver } from './download.js';
import { createLane, defaultWindowMs, type Lane } from './lane.js';
import { createRequester, type PostRetry } from './requester.js';
import { defaultRetryPolicy, type RetryPolicy, unlessAborted } from './retry.js';
import type { TokenClaims } from './token-claims.js';
import { createTokenRequester } from './token-requester.js';
import type { Expectation } from './verdict.js';

export type { Credentials } from './credentials.js';
export type { FileReceiver } from './download.js';
export type { ResponseBody, StreamedResponse } from './exchange.js';
export type { PostRetry } from './requester.js';
export type { TokenClaims } from './token-claims.js';

/** What happens between a request and its answer, for logs. No event holds a secret. */
export type ClientEvent =
  /** A try failed, and another follows. */
  | { type: 'retry'; account: string; method: string; path: string; attempt: number; waitMs: number; reason: string }
  /** 429: no request of the account starts for so long. */
  | { type: 'pause'; account: string; method: string; path: string; attempt: number; waitMs: number; reason: string }
  /** A new token. */
  | { type: 'token'; reason: string; expiresInMs: number }
  /** The token address did not give one, and is asked again. */
  | { type: 'token-retry'; attempt: number; waitMs: number; reason: string };

export interface DashboardClientOptions {
  /** Up to and including `/api`, `/api/v1` or `/api/v2`. */
  apiUrl: string;
  credentials: Credentials;
  /** Ceiling per account: no 60 seconds see more requests, retries included. */
  requestsPerMinute: number;
  /** Requests in flight per account. */
  concurrency: number;
  /** Ends every request, with its reason. */
  signal?: AbortSignal;
  onEvent?: (event: ClientEvent) => void;
  timeouts?: { firstByteMs?: number; betweenBytesMs?: number };
  retry?: Partial<RetryPolicy>;
  /** Answers to GET are refused if the API's clock differs by more from this machine's; any difference will do unless told. */
  maxClockDifferenceMs?: number | undefined;
  /** Of an answer, decompressed. */
  maxBodyBytes?: number;
  /** Length of the window that `requestsPerMinute` is kept in; for tests. */
  rateWindowMs?: number;
}

export interface GetRequest<T> extends Expectation<T> {
  account: string;
  /** Below the API's address, ids in it encoded. */
  path: string;
  query?: Record<string, string>;
  /** Of the account's waiting requests, those with the highest priority go first; a whole number, 0 by default. */
  priority?: number;
  signal?: AbortSignal;
}

export interface PostRequest<T> extends GetRequest<T> {
  /** XML. */
  body: string;
  retry: PostRetry<T>;
}

export interface DownloadRequest<T> extends GetRequest<T> {
  file: FileReceiver<T>;
}

/** The Dashboard API. Every method fails with an error of `errors.ts`, or with the reason of the signal that was aborted. */
export interface DashboardClient {
  /**
   * Gets a resource and hands its body to `parse`. What goes wrong on the way is tried again, and so is a body that is broken:
   * empty, not XML, or one that `parse` refuses by throwing.
   */
  get<T>(request: GetRequest<T>): Promise<T>;
  /**
   * Posts to a resource. A try that certainly was not carried out (429, 401, no connection) is repeated; what is done when that is
   * uncertain, `retry` says.
   */
  post<T>(request: PostRequest<T>): Promise<T>;
  /**
   * Gets a file of any size, as a stream. An answer that is no file is judged as one to `get` is. It is tried as often as any other
   * request; what one try brought, the next may go on from (`file.headers`).
   */
  download<T>(request: DownloadRequest<T>): Promise<T>;
  /** The API's address without a slash at its end: `https://api.bandwidth.com/api`. */
  readonly apiUrl: string;
  /**
   * What the access token says, once there is one; requests that follow use the same token. Undefined for an opaque token and with
   * Basic credentials.
   */
  tokenClaims(): Promise<TokenClaims | undefined>;
  /** Requests that are in flight at once per account, at most. */
  readonly concurrency: number;
  /** Requests sent for an account, retries included, tokens not. */
  requestCount(account: string): number;
  /** Ends whatever is still under way, and the connections. */
  close(): Promise<void>;
}

const defaultTimeoutMs = 60_000;
/** Several times what a page of 5,000 entries is. */
const defaultMaxBodyBytes = 16 * 1024 * 1024;

/** @throws {UsageError} for an address that credentials must not be sent to */
export function createDashboardClient(options: DashboardClientOptions): DashboardClient {
  const api = checkAddress(options.apiUrl, 'BANDWIDTH_API_URL');
  if (options.credentials.kind === 'oauth') {
    checkAddress(options.credentials.tokenUrl, 'BANDWIDTH_TOKEN_URL');
  }
  const lifetime = new AbortController();
  const endWithOptions = () => lifetime.abort(options.signal?.reason);
  const agent = new Agent();
  const lanes = new Map<string, Lane>();
  const counts = new Map<string, number>();
  const onEvent = options.onEvent ?? (() => undefined);
  const policy = { ...defaultRetryPolicy, ...options.retry };
  const wire = {
    agent,
    firstByteMs: options.timeouts?.firstByteMs ?? defaultTimeoutMs,
    betweenBytesMs: options.timeouts?.betweenBytesMs ?? defaultTimeoutMs,
    totalMs: policy.totalMs,
    maxBodyBytes: options.maxBodyBytes ?? defaultMaxBodyBytes,
    userAgent: `tn-ledger/${version} (+node ${process.versions.node})`,
  };

  lifetime.signal.addEventListener('abort', () => {
    options.signal?.removeEventListener('abort', endWithOptions);
    for (const lane of lanes.values()) {
      lane.close();
    }
    // Nothing waits for it here; `close` does.
    agent.destroy().catch(() => undefined);
  });
  if (options.signal?.aborted) {
    endWithOptions();
  }
  options.signal?.addEventListener('abort', endWithOptions, { once: true });

  const authorization = createAuthorization({
    credentials: options.credentials,
    requestToken: createTokenRequester({ wire, policy, signal: lifetime.signal, onEvent }),
    onToken: (reason, expiresInMs) => onEvent({ type: 'token', reason, expiresInMs }),
    onRefused: (error) => lifetime.abort(error),
  });
  const laneOf = (account: string): Lane => {
    let lane = lanes.get(account);
    if (lane === undefined) {
      const windowMs = options.rateWindowMs ?? defaultWindowMs;
      lane = createLane({ requestsPerMinute: options.requestsPerMinute, concurrency: options.concurrency, windowMs });
      lanes.set(account, lane);
    }
    return lane;
  };
  const perform = createRequester({
    wire,
    policy,
    lifetime,
    authorization,
    credentials: options.credentials,
    maxClockDifferenceMs: options.maxClockDifferenceMs ?? Number.POSITIVE_INFINITY,
    laneOf,
    onEvent,
    onSend: (account) => counts.set(account, (counts.get(account) ?? 0) + 1),
  });

  return {
    get: async ({ path, query, ...request }) =>
      perform({ ...request, method: 'GET', url: requestUrl(api, path, query), retry: 'safe' }),
    download: async ({ path, query, ...request }) =>
      perform({ ...request, method: 'GET', url: requestUrl(api, path, query), retry: 'safe' }),
    post: async ({ path, query, ...request }) =>
      perform({ ...request, method: 'POST', url: requestUrl(api, path, query) }),
    apiUrl: `${api.origin}${api.pathname.replace(/\/+$/, '')}`,
    async tokenClaims() {
      await unlessAborted(authorization.ready(), lifetime.signal);
      return authorization.claims();
    },
    concurrency: options.concurrency,
    requestCount: (account) => counts.get(account) ?? 0,
    async close() {
      lifetime.abort(new LedgerError('The client of the Dashboard API was closed.'));
      await agent.destroy();
    },
  };
}
