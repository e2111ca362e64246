import { preciseNow } from './clock.js';
import type { FaultKind } from './faults.js';

/** A request to the sandbox, including token requests. */
export interface LoggedRequest {
  /** Arrival time, in epoch milliseconds with a fraction. */
  at: number;
  method: string;
  path: string;
  query: Record<string, string>;
  /** The account in the path or in the accountId parameter. */
  account: string | undefined;
  /** The response status; undefined if there was no response, or not yet. */
  status: number | undefined;
  fault?: FaultKind;
}

export interface RequestLog {
  readonly entries: LoggedRequest[];
  record(request: { method: string; path: string; query: Record<string, string> }): LoggedRequest;
  clear(): void;
}

export function createRequestLog(): RequestLog {
  const entries: LoggedRequest[] = [];
  return {
    entries,
    record({ method, path, query }) {
      const account = /^\/api(?:\/v[12])?\/accounts\/([^/]+)/.exec(path)?.[1] ?? query.accountId;
      const entry: LoggedRequest = { at: preciseNow(), method, path, query, account, status: undefined };
      entries.push(entry);
      return entry;
    },
    clear() {
      entries.length = 0;
    },
  };
}
