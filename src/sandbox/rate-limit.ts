import { preciseNow } from './clock.js';

const window = 60_000;

/**
 * A limit of requests per account in any 60 seconds. The function it makes lets a request pass (undefined) or tells
 * when the limit clears (epoch milliseconds); what it refuses does not count.
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
