import { setTimeout as delay } from 'node:timers/promises';

/** Limits of the attempts of a request. */
export interface RetryPolicy {
  /** Maximum number of attempts, including the first. */
  tries: number;
  /** Maximum total time of attempts and waits between them, excluding time in the queue. */
  totalMs: number;
  /** Upper bound of the first wait; doubles with each attempt. */
  baseMs: number;
  /** Upper bound of every wait. */
  capMs: number;
}

export const defaultRetryPolicy: RetryPolicy = { tries: 6, totalMs: 15 * 60_000, baseMs: 1000, capMs: 60_000 };

/**
 * The wait after the given number of failed attempts: exponential backoff with full jitter (uniform between 0 and the bound),
 * so that requests that failed together don't retry together.
 */
export function backoffMs({ baseMs, capMs }: RetryPolicy, failedTries: number): number {
  return Math.random() * Math.min(capMs, baseMs * 2 ** (failedTries - 1));
}

/** Waits; rejects with the signal's reason when it is aborted. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

/** Settles like the promise, or rejects with the signal's reason if it is aborted first. The promise itself keeps running. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  // After an abort nobody else handles its rejection.
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
