import type { Permits } from '../../src/permits.js';

/**
 * Permits without a database, for tests of everything but the rate limit.
 *
 * @param perAccount how many each account gets, ever
 */
export function localPermits(perAccount = Number.POSITIVE_INFINITY): Permits {
  const granted = new Map<string, number>();
  return {
    async lease({ account, needed }) {
      const before = granted.get(account) ?? 0;
      const permits = Math.min(needed, perAccount - before);
      granted.set(account, before + permits);
      return { permits, usableUntil: Number.POSITIVE_INFINITY, waitMs: 3_600_000 };
    },
    async pause() {},
  };
}
