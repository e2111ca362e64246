import { formatDuration } from '../format.js';
import { ClockError, type RequestErrorOptions } from './errors.js';
import type { ResponseHeaders } from './exchange.js';

/**
 * The server's clock at the time of the response, in epoch milliseconds: `Date`, plus `Age` if the response came from a
 * cache (RFC 9111, 4.2.3). Undefined if the response has no date.
 */
export function serverTime(headers: ResponseHeaders): number | undefined {
  const time = typeof headers.date === 'string' ? Date.parse(headers.date) : Number.NaN;
  if (Number.isNaN(time)) return undefined;
  const age = typeof headers.age === 'string' && /^\d{1,9}$/.test(headers.age) ? Number(headers.age) : 0;
  return time + age * 1000;
}

export const clockHint =
  "Synchronize this machine's clock (timedatectl set-ntp true), or raise TN_LEDGER_MAX_CLOCK_DIFFERENCE if the API's clock is wrong.";

/** The API's clock, according to its responses. */
export interface ServerClock {
  /**
   * Records the time of a response as it arrives. Ignores responses with status 500 or above, which may come from a
   * gateway.
   */
  note(answer: { status: number; headers: ResponseHeaders }): void;
  /** The API's current time, based on its latest response; this machine's time until a response has one. */
  now(): Date;
  /** How far this machine's clock is ahead of the API's, in milliseconds; undefined until a response has a time. */
  aheadMs(): number | undefined;
}

export function createServerClock(): ServerClock {
  // Uses the monotonic clock, because the system clock may be set in between. The monotonic clock may stop while the
  // machine sleeps. The time is then behind until the next response, so a run may read too little, but never too much.
  let offsetMs: number | undefined;
  const nowMs = () => (offsetMs === undefined ? Date.now() : offsetMs + performance.now());
  return {
    note(answer) {
      const time = answeredAt(answer);
      if (time !== undefined) offsetMs = time - performance.now();
    },
    now: () => new Date(nowMs()),
    aheadMs: () => (offsetMs === undefined ? undefined : Date.now() - nowMs()),
  };
}

function answeredAt({ status, headers }: { status: number; headers: ResponseHeaders }): number | undefined {
  return status >= 500 ? undefined : serverTime(headers);
}

/** `2 h 3 min ahead of the API's`. */
export function describeDifference(aheadMs: number): string {
  return `${formatDuration(Math.abs(aheadMs) / 1000)} ${aheadMs > 0 ? 'ahead of' : 'behind'} the API's`;
}

/** Rejects a response if the server's clock differs by more than `limitMs`: the request asked for the wrong days. */
export function refuseClock(
  answer: { status: number; headers: ResponseHeaders },
  limitMs: number,
): { kind: 'refused'; error: (options: RequestErrorOptions) => ClockError } | undefined {
  const time = answeredAt(answer);
  const aheadMs = time === undefined ? 0 : Date.now() - time;
  if (Math.abs(aheadMs) <= limitMs) return undefined;
  return {
    kind: 'refused',
    error: (options) =>
      new ClockError(`this machine's clock is ${describeDifference(aheadMs)}; the response was not used`, {
        ...options,
        hint: clockHint,
      }),
  };
}
