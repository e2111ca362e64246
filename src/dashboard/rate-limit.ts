import type { ResponseHeaders } from './exchange.js';
import { serverTime } from './server-clock.js';

/** Bandwidth's advice where an answer does not say when the limit clears. */
export const defaultPauseMs = 60_000;
/** The longest pause believed: a limit is per minute, so a header that says more is more likely wrong than right. */
export const longestPauseMs = 3_600_000;

/**
 * How long a 429 asks to wait: until `X-RateLimit-Reset`, an epoch time in seconds, or in milliseconds above 10^11.
 *
 * The server's own clock (`Date`) is what the time is compared with, so that a wrong clock here neither shortens nor
 * prolongs the wait. `reason` says what was made of a header that is missing, makes no sense, or asks for more than an hour.
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
      reason: `rate limit reached; X-RateLimit-Reset ${quoted} is no time to come, waiting a minute`,
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
