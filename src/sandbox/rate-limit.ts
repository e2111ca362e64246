import { preciseNow } from './clock.js';

const window = 60_000;

/**
 * A request limit per account in any 60 seconds. The returned function returns undefined if a request is allowed, or
 * the time when the limit clears (epoch milliseconds). Rejected requests don't count.
 */
export function createRateLimit(requestsPerMinute: number | undefined): (account: string) => number | undefined {
  const passedAt = new Map<string, number[]>();
  return (account) => {
    if (requestsPerMinute === undefined) {
      return undefined;
    }
    const now = preciseNow();
    const recent = (passedAt.get(account) ?? []).filter((time) => time > now - window);
    passedAt.set(account, recent);
    if (recent.length >= requestsPerMinute) {
      return (recent[recent.length - requestsPerMinute] as number) + window;
    }
    recent.push(now);
    return undefined;
  };
}
