/** The time, and being woken every minute of it; tests have one that they move. */
export interface Clock {
  now(): Date;
  /** Calls `tick` at the start of every minute, until the returned function is called. */
  everyMinute(tick: () => void): () => void;
}

const minuteMs = 60_000;

export const systemClock: Clock = {
  now: () => new Date(),
  everyMinute(tick) {
    // The timer runs on the monotonic clock and never for longer than a minute: whatever the wall clock is set to meanwhile,
    // the next tick comes. A timer that waits for a wall-clock time stays silent for as long as the clock was set back.
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
