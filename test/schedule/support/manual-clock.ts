import type { Clock } from '../../../src/schedule/clock.js';

const minuteMs = 60_000;

/** A clock that only moves when told to. */
export function createManualClock(start: string) {
  let now = Date.parse(start);
  const ticks = new Set<() => void>();
  const clock: Clock = {
    now: () => new Date(now),
    everyMinute(tick) {
      ticks.add(tick);
      return () => void ticks.delete(tick);
    },
  };
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    clock,
    ticks,
    settle,
    /** Jumps without ticks in between, as if the machine slept or its clock was changed. */
    async jumpTo(moment: string) {
      now = Date.parse(moment);
      for (const tick of ticks) tick();
      await settle();
    },
    /** Advances with a tick every minute. */
    async runTo(moment: string) {
      for (const end = Date.parse(moment); now < end; ) {
        now += minuteMs;
        for (const tick of ticks) tick();
        await settle();
      }
    },
  };
}
