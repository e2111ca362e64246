import { InterruptedError, messageOf } from '../errors.js';
import { formatDuration, formatMinute } from '../format.js';
import type { Log } from '../log.js';
import type { ClaimedNight, NightQueue, NightResult, RetryReason } from './night-queue.js';

/** What became of an attempt to run a night for one account. */
export type NightOutcome = NightResult | ({ result: 'retry' } & RetryReason) | { result: 'stopped' };

export interface NightWork {
  queue: NightQueue;
  /** How many accounts to work on at the same time. */
  lanes: number;
  /** The accounts that this process may work on; undefined: all. */
  served: readonly string[] | undefined;
  /** Runs a night to its end. The signal is aborted on a stop request and when another worker may have the night. */
  run(night: ClaimedNight, signal: AbortSignal): Promise<NightOutcome>;
  /** Whether to return when no night is open on any host. */
  untilDone: boolean;
  /** Stops the work, with `run`'s signal. */
  signal: AbortSignal;
  log: Pick<Log, 'info' | 'warn' | 'error'>;
}

/** How often to look for nights, in milliseconds. */
const pollMs = 2000;
/** How often to renew claims, in milliseconds: a quarter of their duration. */
const renewMs = 5000;

/**
 * Claims nights and runs them, several at the same time, until the signal is aborted. Before it returns, the nights that were
 * not finished go back to the queue, where any worker continues them.
 *
 * @throws if the queue can't be read and no night is in progress
 */
export async function workOnNights({ queue, lanes, served, run, untilDone, signal, log }: NightWork): Promise<void> {
  const running = new Map<ClaimedNight, { claim: AbortController; ended: Promise<void> }>();

  const settle = async (night: ClaimedNight, outcome: NightOutcome): Promise<void> => {
    switch (outcome.result) {
      case 'retry': {
        const { result, ...reason } = outcome;
        return logRetry(night, reason, await queue.retryLater(night, reason));
      }
      case 'stopped':
        return queue.release(night);
      default:
        return queue.finish(night, outcome);
    }
  };
  const logRetry = (
    { account, attempt }: ClaimedNight,
    { waitsFor }: RetryReason,
    next: { at: Date; seconds: number } | undefined,
  ): void => {
    if (next === undefined) return;
    const what = waitsFor === undefined ? '' : `, waiting for ${waitsFor}`;
    log.info(
      `The nightly run of account ${account} is tried again in ${formatDuration(next.seconds)}, at ${formatMinute(next.at)} (attempt ${attempt + 1})${what}`,
    );
  };
  const attempt = async (night: ClaimedNight, claim: AbortSignal): Promise<void> => {
    try {
      const outcome = await run(night, AbortSignal.any([signal, claim]));
      if (!claim.aborted) await settle(night, outcome);
    } catch (error) {
      // Its claim expires within seconds, and then it is tried again.
      log.error(`The end of the nightly run of account ${night.account} could not be recorded: ${messageOf(error)}`);
    }
  };
  const start = (night: ClaimedNight): void => {
    const claim = new AbortController();
    const ended = attempt(night, claim.signal).finally(() => {
      running.delete(night);
      wake();
    });
    running.set(night, { claim, ended });
  };

  const renew = async (): Promise<void> => {
    try {
      for (const night of await queue.renew([...running.keys()])) {
        running
          .get(night)
          ?.claim.abort(new InterruptedError('Another worker took the nightly run over, or a new one replaced it.'));
      }
    } catch (error) {
      // Says nothing about the claims. If they expire, a later renewal finds out.
      log.warn(`The claims on the nightly runs in progress could not be renewed: ${messageOf(error)}`);
    }
  };
  let renewing: Promise<void> | undefined;
  const timer = setInterval(() => {
    renewing ??= renew().finally(() => {
      renewing = undefined;
    });
  }, renewMs);

  let wake = (): void => undefined;
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const waiting = setTimeout(resolve, pollMs);
      wake = () => {
        clearTimeout(waiting);
        resolve();
      };
    });
  const onAbort = () => wake();
  let isReadable = true;
  signal.addEventListener('abort', onAbort);
  try {
    while (!signal.aborted) {
      try {
        const free = lanes - running.size;
        for (const night of free > 0 ? await queue.claim(free, served) : []) start(night);
        if (untilDone && running.size === 0 && (await queue.countOpen(served)) === 0) return;
        isReadable = true;
      } catch (error) {
        // If the database is gone, the nights in progress end soon.
        if (running.size === 0) throw error;
        if (isReadable) log.warn(`The queue of nightly runs could not be read: ${messageOf(error)}`);
        isReadable = false;
      }
      if (!signal.aborted) await pause();
    }
  } finally {
    await Promise.all([...running.values()].map(({ ended }) => ended));
    clearInterval(timer);
    await renewing;
    signal.removeEventListener('abort', onAbort);
  }
}
