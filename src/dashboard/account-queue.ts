import PQueue from 'p-queue';
import type { Permits } from '../permits.js';
import { sleep } from '../retry.js';

/** The request queue of one account. It limits concurrency, starts a task only with a permit, and can be paused. */
export interface AccountQueue {
  /**
   * Runs a task when the limits allow. Waiting tasks with the highest priority go first.
   *
   * @throws {LedgerError} permits can't be granted; the task did not run
   */
  run<T>(task: () => Promise<T>, options: { priority: number; signal: AbortSignal }): Promise<T>;
  /** Starts no task for `waitMs`, here and in other processes. If pauses overlap, the one that ends last counts. */
  pause(waitMs: number): void;
  /** Starts no task until the promise settles. */
  hold(until: Promise<unknown>): void;
  /** When the API last answered a request of this account with anything but 429, by the monotonic clock. */
  lastProgress: number;
}

export interface AccountQueueOptions {
  account: string;
  requestsPerMinute: number;
  concurrency: number;
  permits: Permits;
  /** Ends all waiting. Tasks are aborted by their own signals. */
  signal: AbortSignal;
}

/** Permits for one task each, or the reason why a task can't have one. */
interface InHand {
  left: number;
  usableUntil: number;
  error?: unknown;
}

/**
 * How far ahead permits are asked for, at the current rate of requests. Much longer than a database takes to grant them,
 * so that requests don't wait for it; much shorter than they are usable.
 */
const advanceMs = 100;

/** The rate of requests is measured over at least this time. */
const leastSampleMs = 10;

export function createAccountQueue(options: AccountQueueOptions): AccountQueue {
  const { account, requestsPerMinute, concurrency, permits, signal } = options;
  // The queue runs only within `startTasks`, which knows how many tasks may start.
  const tasks = new PQueue({ concurrency, autoStart: false });
  let inHand: InHand[] = [];
  let pausedUntil = 0;
  let holds = 0;
  let isAsking = false;
  let pausing: Promise<void> = Promise.resolve();
  let started = 0;
  let sampledAt = performance.now();
  /** Permits granted in advance with the latest lease. */
  let advance = 0;

  const isBlocked = () => holds > 0 || performance.now() < pausedUntil || signal.aborted;
  const usable = () => {
    const now = performance.now();
    inHand = inHand.filter(({ left, usableUntil }) => left > 0 && usableUntil > now);
    return inHand.reduce((sum, { left }) => sum + left, 0);
  };
  const startTasks = () => {
    if (isBlocked()) return;
    if (usable() > 0) {
      tasks.start();
      tasks.pause();
    }
    const missing = Math.min(tasks.size, concurrency - tasks.pending) - usable();
    if (!isAsking && (missing > 0 || usable() < advance / 2)) void ask();
  };
  const takePermit = () => {
    const first = inHand[0] as InHand;
    first.left -= 1;
    started += 1;
    if (usable() === 0) tasks.pause();
    if (first.error !== undefined) throw first.error;
  };
  const ask = async () => {
    isAsking = true;
    const needed = Math.max(0, Math.min(tasks.size, concurrency - tasks.pending) - usable());
    const now = performance.now();
    const inAdvance = Math.floor((started / Math.max(leastSampleMs, now - sampledAt)) * advanceMs);
    [started, sampledAt] = [0, now];
    try {
      await pausing;
      const lease = await permits.lease({ account, requestsPerMinute, needed, inAdvance, signal });
      advance = Math.max(0, lease.permits - needed);
      inHand.push({ left: lease.permits, usableUntil: lease.usableUntil });
      if (lease.permits === 0 && needed > 0) await sleep(Math.ceil(lease.waitMs), signal);
      isAsking = false;
      startTasks();
    } catch (error) {
      pausing = Promise.resolve();
      advance = 0;
      isAsking = false;
      failTasks(needed, error);
    }
  };
  /** Fails the tasks that needed the permits. Later ones ask again. */
  const failTasks = (count: number, error: unknown) => {
    inHand = [{ left: count, usableUntil: Number.POSITIVE_INFINITY, error }];
    startTasks();
    inHand = inHand.filter((permit) => permit.error === undefined);
  };
  const resume = () => {
    const leftMs = pausedUntil - performance.now();
    // The wait fails only when the client closes.
    if (leftMs > 0) sleep(leftMs, signal).then(resume, () => undefined);
    else startTasks();
  };

  tasks.on('add', startTasks);
  tasks.on('next', startTasks);
  return {
    lastProgress: performance.now(),
    run: (task, taskOptions) =>
      tasks.add(() => {
        takePermit();
        return task();
      }, taskOptions),
    pause(waitMs) {
      const until = performance.now() + waitMs;
      if (until <= pausedUntil) return;
      pausedUntil = until;
      resume();
      pausing = permits.pause(account, waitMs, signal);
      // Whoever asks next for permits reports it.
      pausing.catch(() => undefined);
    },
    hold(until) {
      holds += 1;
      const release = () => {
        holds -= 1;
        startTasks();
      };
      until.then(release, release);
    },
  };
}
