import type { ResponseHeaders } from './exchange.js';
import { serverTime } from './server-clock.js';

/** Bandwidth's advice for a response that doesn't say when the limit resets. */
export const defaultPauseMs = 60_000;
/** The longest pause accepted. The limit is per minute, so a header that asks for more is probably wrong. */
export const longestPauseMs = 3_600_000;

/**
 * How long to wait after a 429: until `X-RateLimit-Reset`, an epoch time in seconds, or in milliseconds if above 10^11.
 *
 * Compares the time with the server's own clock (`Date`), so a wrong local clock doesn't change the wait. `reason`
 * explains how a header was handled that is missing, invalid, or more than an hour ahead.
 */
export function rateLimitPause(headers: ResponseHeaders, now = Date.now()): { waitMs: number; reason: string } {
  const header = headers['x-ratelimit-reset'];
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined) {
    return { waitMs: defaultPauseMs, reason: 'rate limit reached; X-RateLimit-Reset is missing, waiting a minute' };
  }
  const quoted = JSON.stringify(text.slice(0, 40));
  const value = /^\s*\d{1,16}(?:\.\d+)?\s*$/.test(text) ? Number(text) : Number.NaN;
  const reset = value > 1e11 ? value : value * 1000;
  const waitMs = Math.ceil(reset - (serverTime(headers) ?? now));
  if (!(waitMs > 0)) {
    return {
      waitMs: defaultPauseMs,
      reason: `rate limit reached; X-RateLimit-Reset ${quoted} is not a future time, waiting a minute`,
    };
  }
  if (waitMs > longestPauseMs) {
    return {
      waitMs: longestPauseMs,
      reason: `rate limit reached; X-RateLimit-Reset ${quoted} is more than an hour away, waiting an hour`,
    };
  }
  return { waitMs, reason: 'rate limit reached' };
}
