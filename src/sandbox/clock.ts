/** The sandbox's idea of now, which dates every change; tests move it forward. Rate limits and tokens run on real time. */
export interface SandboxClock {
  now(): Date;
  /** Moves the clock forward by milliseconds. */
  advance(ms: number): void;
}

/** A clock that runs from now, or from another moment. */
export function createClock(from: Date = new Date()): SandboxClock {
  let ahead = from.getTime() - Date.now();
  return {
    now: () => new Date(Date.now() + ahead),
    advance(ms) {
      if (!Number.isFinite(ms) || ms < 0) {
        throw new TypeError(`The sandbox clock advances by milliseconds, 0 or more; got ${ms}.`);
      }
      ahead += ms;
    },
  };
}

/** Real time as epoch milliseconds with a fraction; unlike Date.now() it never goes back. */
export function preciseNow(): number {
  return performance.timeOrigin + performance.now();
}
