/**
 * The sandbox's current time, used to date every change. Tests move it forward. Rate limits and tokens use real time.
 */
export interface SandboxClock {
  now(): Date;
  /** Moves the clock forward by milliseconds. */
  advance(ms: number): void;
}

/** A clock that starts at the current time, or at another one. If it stands still, only `advance` moves it. */
export function createClock(from: Date = new Date(), standsStill = false): SandboxClock {
  const started = Date.now();
  let ahead = from.getTime() - started;
  return {
    now: () => new Date((standsStill ? started : Date.now()) + ahead),
    advance(ms) {
      if (!Number.isFinite(ms) || ms < 0) {
        throw new TypeError(`The sandbox clock can only advance by 0 or more milliseconds, not ${ms}.`);
      }
      ahead += ms;
    },
  };
}

/** Real time in epoch milliseconds with a fraction. Unlike Date.now(), it never goes back. */
export function preciseNow(): number {
  return performance.timeOrigin + performance.now();
}
