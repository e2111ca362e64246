import type { ClientEvent } from '../dashboard/events.js';

/** The API requests of an account since the process started. */
export interface AccountUsage {
  /** By status of the response, such as `200`; `none` for requests without a complete response. */
  requests: ReadonlyMap<string, number>;
  /** Responses 429. */
  rateLimited: number;
  /** Seconds that they paused the account's requests. */
  waitSeconds: number;
}

/** Counts the API requests of a process. */
export interface ApiUsage {
  record(event: ClientEvent): void;
  /** By account. */
  read(): ReadonlyMap<string, AccountUsage>;
}

export function createApiUsage(): ApiUsage {
  const accounts = new Map<string, { requests: Map<string, number>; rateLimited: number; waitSeconds: number }>();
  const usageOf = (account: string) => {
    const usage = accounts.get(account) ?? { requests: new Map<string, number>(), rateLimited: 0, waitSeconds: 0 };
    accounts.set(account, usage);
    return usage;
  };
  return {
    record(event) {
      if (event.type === 'response') {
        const { requests } = usageOf(event.account);
        const status = event.status === undefined ? 'none' : String(event.status);
        requests.set(status, (requests.get(status) ?? 0) + 1);
      } else if (event.type === 'pause') {
        const usage = usageOf(event.account);
        usage.rateLimited += 1;
        usage.waitSeconds += event.waitMs / 1000;
      }
    },
    read: () => accounts,
  };
}
