import PQueue from 'p-queue';

/** The requests of one account: how many at once, how many a minute, and whether any may go at all. */
export interface Lane {
  /** Runs a task when its turn comes; of those that wait, the one with the highest priority goes first. */
  run<T>(task: () => Promise<T>, options: { priority: number; signal: AbortSignal }): Promise<T>;
  /** Starts no task for so long. The longest of several pauses counts. */
  pause(waitMs: number): void;
  /** Starts no task until this is settled. */
  hold(until: Promise<unknown>): void;
  /** When the API last answered a request of this lane other than by 429, by the monotonic clock. */
  lastProgress: number;
  /** Gives up waiting for the end of a pause. Tasks are ended by their signals. */
  close(): void;
}

export interface LaneOptions {
  requestsPerMinute: number;
  concurrency: number;
  /** Length of the window in which `requestsPerMinute` requests start. */
  windowMs: number;
}

/**
 * Requests are counted when they start here, but limited where they arrive: one that was slow on its way (a new connection,
 * a lost packet) comes closer to the one that starts a window later. A window of 61 s takes up a second of that, and still
 * lets 98 % of the ceiling through.
 */
export const defaultWindowMs = 61_000;

export function createLane({ requestsPerMinute, concurrency, windowMs }: LaneOptions): Lane {
  // Strict: the window slides, so that no span of its length sees more than the cap. Fixed windows let twice as many
  // through around their boundary.
  const queue = new PQueue({ concurrency, intervalCap: requestsPerMinute, interval: windowMs, strict: true });
  let pausedUntil = 0;
  let timer: NodeJS.Timeout | undefined;
  let holds = 0;

  const resume = () => {
    if (holds === 0 && timer === undefined) {
      queue.start();
    }
  };
  const lane: Lane = {
    lastProgress: performance.now(),
    run: (task, options) => queue.add(task, options),
    pause(waitMs) {
      const until = performance.now() + waitMs;
      if (until <= pausedUntil) {
        return;
      }
      pausedUntil = until;
      queue.pause();
      clearTimeout(timer);
      timer = setTimeout(() => {
        timer = undefined;
        resume();
      }, waitMs);
    },
    hold(until) {
      holds += 1;
      queue.pause();
      const release = () => {
        holds -= 1;
        resume();
      };
      until.then(release, release);
    },
    close() {
      // The queue is not cleared: its tasks leave it by their own signals, and would never settle without those.
      clearTimeout(timer);
      timer = undefined;
    },
  };
  return lane;
}
