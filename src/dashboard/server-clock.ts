import { formatDuration } from '../format.js';
import { ClockError, type RequestErrorOptions } from './errors.js';
import type { ResponseHeaders } from './exchange.js';

/**
 * The server's clock when it answered, in epoch milliseconds: `Date`, and `Age` later where a cache gave the answer (RFC 9111,
 * 4.2.3). Undefined where the answer tells no time.
 */
export function serverTime(headers: ResponseHeaders): number | undefined {
  const time = typeof headers.date === 'string' ? Date.parse(headers.date) : Number.NaN;
  if (Number.isNaN(time)) return undefined;
  const age = typeof headers.age === 'string' && /^\d{1,9}$/.test(headers.age) ? Number(headers.age) : 0;
  return time + age * 1000;
}

export const clockHint =
  'Set the clock by NTP, or raise TN_LEDGER_MAX_CLOCK_DIFFERENCE if it is the API that is wrong.';

/** `2 h 3 min ahead of the API's`. */
export function describeDifference(aheadMs: number): string {
  return `${formatDuration(Math.abs(aheadMs) / 1000)} ${aheadMs > 0 ? 'ahead of' : 'behind'} the API's`;
}

/** Refuses an answer whose server's clock differs by more than `limitMs`: the days that it was asked for are the wrong ones. */
export function refuseClock(
  headers: ResponseHeaders,
  limitMs: number,
): { kind: 'refused'; error: (options: RequestErrorOptions) => ClockError } | undefined {
  const time = serverTime(headers);
  const aheadMs = time === undefined ? 0 : Date.now() - time;
  if (Math.abs(aheadMs) <= limitMs) return undefined;
  return {
    kind: 'refused',
    error: (options) =>
      new ClockError(`this machine's clock is ${describeDifference(aheadMs)}; what was read was not used`, {
        ...options,
        hint: clockHint,
      }),
  };
}
