import { schedule } from 'node-cron';

/** The time, and being woken every minute of it; tests have one that they move. */
export interface Clock {
  now(): Date;
  /** Calls `tick` in every minute, until the function that it answers with is called. */
  everyMinute(tick: () => void): () => void;
}

/** A tick that the machine was too busy for is still worth coming as long as the next one has not. */
const lateTickMs = 59_000;

export const systemClock: Clock = {
  now: () => new Date(),
  everyMinute(tick) {
    const task = schedule('* * * * *', tick, {
      timezone: 'UTC',
      missedExecutionTolerance: lateTickMs,
      suppressMissedWarning: true,
    });
    return () => void task.destroy();
  },
};
