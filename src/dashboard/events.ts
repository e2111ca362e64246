/** Events between a request and its response, for logs. Events contain no secrets. */
export type ClientEvent =
  /** An attempt ended: with a status, or without a complete response (`status` is undefined). Not sent for aborted ones. */
  | {
      type: 'response';
      account: string;
      method: string;
      path: string;
      attempt: number;
      status: number | undefined;
      elapsedMs: number;
    }
  /** An attempt failed and will be retried. */
  | { type: 'retry'; account: string; method: string; path: string; attempt: number; waitMs: number; reason: string }
  /** 429: no request of the account starts for `waitMs`. */
  | { type: 'pause'; account: string; method: string; path: string; attempt: number; waitMs: number; reason: string }
  /** A new token. */
  | { type: 'token'; reason: string; expiresInMs: number }
  /** A token request failed and will be retried. */
  | { type: 'token-retry'; attempt: number; waitMs: number; reason: string };
