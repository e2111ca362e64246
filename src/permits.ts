/** Grants permits to send requests. All processes that work on an account share its rate limit. */
export interface Permits {
  /**
   * Asks for permits. Each permit that is granted counts toward the rate limit, even if it is not used.
   *
   * @throws {LedgerError} permits can't be granted; nothing was sent
   */
  lease(request: LeaseRequest): Promise<Lease>;
  /** Grants no permits of the account to any process for `waitMs`. If pauses overlap, the one that ends last counts. */
  pause(account: string, waitMs: number, signal: AbortSignal): Promise<void>;
}

export interface LeaseRequest {
  account: string;
  /** The rate limit: the maximum number of requests in any 60 seconds, over all processes. */
  requestsPerMinute: number;
  /** Permits for requests that are ready to be sent. */
  needed: number;
  /** More permits, granted only while permits are plentiful. */
  inAdvance: number;
  /** Ends the attempts to ask. */
  signal: AbortSignal;
}

export interface Lease {
  permits: number;
  /** When the permits expire, by the monotonic clock (`performance.now()`). */
  usableUntil: number;
  /** If there are no permits: when to ask again, in milliseconds. */
  waitMs: number;
}
