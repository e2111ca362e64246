import type { ExecutionContext } from 'ava';
import { createRequestLeases } from '../../../src/database/request-leases.js';
import type { TestServer } from '../../support/postgres.js';
import { account, openLedger } from './ledger.js';

export interface RateLimitOptions {
  numbers: number;
  pageSize: number;
  rateLimit: number;
  /** Undefined: the client's default. */
  windowMs?: number;
}

/** Runs a nightly run under a rate limit and returns the times, in ms, of the account's requests to the sandbox. */
export async function requestTimes(
  t: ExecutionContext,
  server: TestServer,
  { numbers, pageSize, rateLimit, windowMs }: RateLimitOptions,
): Promise<number[]> {
  const ledger = await openLedger(t, server, {
    sandbox: { numbers },
    pageSize,
  });
  const client = ledger.openClient({
    requestsPerMinute: rateLimit,
    permits: createRequestLeases(async () => ledger.database, windowMs),
  });
  t.teardown(() => client.close());
  const report = await ledger.run('nightly', { client });
  t.is(report.result, 'succeeded', report.error?.message);
  return ledger.sandbox.requests.filter((request) => request.account === account).map(({ at }) => at);
}

/** The maximum number of times within any span of this length. */
export function maxWithin(times: readonly number[], spanMs: number): number {
  let most = 0;
  let from = 0;
  for (const [index, time] of times.entries()) {
    while (time - (times[from] as number) >= spanMs) from += 1;
    most = Math.max(most, index - from + 1);
  }
  return most;
}

/** How long a full rate limit of requests took on average: the window's length if the limit is used up. */
export function averageDuration(times: readonly number[], rateLimit: number): number {
  const turns = times.slice(rateLimit).map((time, index) => time - (times[index] as number));
  return turns.reduce((sum, turn) => sum + turn, 0) / turns.length;
}
