/** The current time and a tick every minute. Tests use a clock that they set. */
export interface Clock {
  now(): Date;
  /** Calls `tick` at the start of every minute, until the returned function is called. */
  everyMinute(tick: () => void): () => void;
}

const minuteMs = 60_000;

export const systemClock: Clock = {
  now: () => new Date(),
  everyMinute(tick) {
    // Each timer runs for at most a minute on the monotonic clock, so the next tick comes even if the wall clock is changed. A
    // timer for a wall-clock time would be late by as much as the clock was set back.
    let timer: NodeJS.Timeout;
    const arm = () => {
      timer = setTimeout(
        () => {
          arm();
          tick();
        },
        minuteMs - (Date.now() % minuteMs),
      );
    };
    arm();
    return () => clearTimeout(timer);
  },
};
