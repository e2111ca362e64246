import type { ExecutionContext } from 'ava';
import type { TestServer } from '../../support/postgres.js';
import { account, openLedger } from './ledger.js';

export interface CeilingOptions {
  numbers: number;
  pageSize: number;
  ceiling: number;
  /** Undefined: the client's own. */
  windowMs?: number;
}

/** Runs a night under a ceiling and answers with the times, in ms, at which the sandbox was asked for the account. */
export async function requestTimes(
  t: ExecutionContext,
  server: TestServer,
  { numbers, pageSize, ceiling, windowMs }: CeilingOptions,
): Promise<number[]> {
  const ledger = await openLedger(t, server, {
    sandbox: { numbers },
    pageSize,
    client: { requestsPerMinute: ceiling, ...(windowMs !== undefined && { rateWindowMs: windowMs }) },
  });
  const report = await ledger.run('nightly');
  t.is(report.result, 'succeeded', report.error?.message);
  return ledger.sandbox.requests.filter((request) => request.account === account).map(({ at }) => at);
}

/** The most of the times that fall into any span of this length. */
export function mostWithin(times: readonly number[], spanMs: number): number {
  let most = 0;
  let from = 0;
  for (const [index, time] of times.entries()) {
    while (time - (times[from] as number) >= spanMs) from += 1;
    most = Math.max(most, index - from + 1);
  }
  return most;
}

/** How long, on average, one ceiling's worth of requests took: the window's length where the ceiling is used up. */
export function averageTurn(times: readonly number[], ceiling: number): number {
  const turns = times.slice(ceiling).map((time, index) => time - (times[index] as number));
  return turns.reduce((sum, turn) => sum + turn, 0) / turns.length;
}
