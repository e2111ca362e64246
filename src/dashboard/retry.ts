import { setTimeout as delay } from 'node:timers/promises';

/** How often and how long a request is tried. */
export interface RetryPolicy {
  /** Tries in all, the first one included. */
  tries: number;
  /** Time in all, of tries and the waits between them; waiting for a turn in the queue is not counted. */
  totalMs: number;
  /** Bound of the first wait; it doubles with each try. */
  baseMs: number;
  /** Bound of every wait. */
  capMs: number;
}

export const defaultRetryPolicy: RetryPolicy = { tries: 6, totalMs: 15 * 60_000, baseMs: 1000, capMs: 60_000 };

/**
 * The wait after the given number of failed tries: exponential, with full jitter (anything from nothing to the bound), so that
 * requests that failed together don't come back together.
 */
export function backoffMs({ baseMs, capMs }: RetryPolicy, failedTries: number): number {
  return Math.random() * Math.min(capMs, baseMs * 2 ** (failedTries - 1));
}

/** Waits; rejects with the signal's reason as soon as it is aborted. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

/** What a promise gives, unless the signal is aborted before: then its reason. The promise itself goes on. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  // Given up here, it may still fail.
  promise.catch(() => undefined);
  signal.throwIfAborted();
  let abort: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
