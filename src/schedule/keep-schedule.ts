import { once } from 'node:events';
import type { Log } from '../log.js';
import type { Clock } from './clock.js';
import type { Timetable } from './timetable.js';

/** A night that is to be run. */
export interface Night {
  /** Its time by the timetable. */
  due: Date;
  /** Its time passed while nobody was there to start it: whether anybody has run it since is to be looked up. */
  missed: boolean;
}

export interface ScheduleOptions {
  timetable: Timetable;
  clock: Clock;
  /** Make up the last night that was missed, once. */
  catchUp: boolean;
  /**
   * Runs a night to its end, whatever becomes of it, and answers whether it ran at all; throws where it could not begin (no
   * database), to be tried again.
   */
  runNight(night: Night): Promise<boolean>;
  /** The time of a night as its reader knows it. */
  describe(due: Date): string;
  /** An error as its reader understands it. */
  describeError(error: unknown): string;
  log: Pick<Log, 'info' | 'warn' | 'error'>;
  /** Ends it, once a night that is running has ended by the same signal. */
  signal: AbortSignal;
}

/** A night that begins later than this was missed: the machine was asleep, or its clock was put forward. */
const lateMs = 5 * 60_000;
const retryMs = 5 * 60_000;
/** The ceiling of requests holds for any minute, and the night before may have used it up in its last one. */
const restMs = 60_000;
const dayMs = 24 * 3_600_000;
/** Corrections smaller than this are NTP's everyday work. */
const clockStepMs = 5000;

/**
 * Starts each night of the timetable once, one at a time, until the signal is aborted. It asks the clock every minute what has
 * become due, in place of waiting for a moment: so a machine that slept, or a clock that was set, is noticed within a minute.
 */
export async function keepSchedule(options: ScheduleOptions): Promise<void> {
  const { timetable, clock, catchUp, runNight, describe, describeError, log, signal } = options;
  const start = clock.now();
  let next = timetable.next(start);
  let waiting = catchUp ? missedNight(timetable.previous(start)) : undefined;
  let running: Promise<void> | undefined;
  let notBefore = start.getTime();
  let lastTick = start;
  let lastDue: Date | undefined;

  // Times that were computed while the clock was ahead are wrong now. A run that came due less than a day ahead of the new time
  // is not repeated; one that lies further ahead came due on a date that has not been yet, and must not silence the days before it.
  const noteClockSetBack = (now: Date): void => {
    log.warn(`The clock was set back by ${Math.round((lastTick.getTime() - now.getTime()) / 1000)} s`);
    const repeats = lastDue !== undefined && lastDue.getTime() - now.getTime() <= dayMs;
    next = timetable.next(repeats && lastDue !== undefined && lastDue > now ? lastDue : now);
    notBefore = Math.min(notBefore, now.getTime() + retryMs);
  };

  const noteWhatIsDue = (now: Date): void => {
    if (now.getTime() < lastTick.getTime() - clockStepMs) noteClockSetBack(now);
    lastTick = now;
    if (next === undefined || now < next) return;
    // Of several that passed while the machine was asleep, the last one brings in what all of them would have.
    const due = timetable.previous(now) ?? next;
    lastDue = due;
    next = timetable.next(now);
    const missed = now.getTime() - due.getTime() > lateMs;
    if (running !== undefined) {
      log.warn(`The night of ${describe(due)} is not started: the one before it is still running`);
    } else if (missed && !catchUp) {
      log.warn(`The night of ${describe(due)} was missed, and is not made up because of --no-catch-up`);
    } else {
      waiting = { due, missed };
    }
  };

  const attempt = async (night: Night): Promise<void> => {
    try {
      if (await runNight(night)) notBefore = clock.now().getTime() + restMs;
    } catch (error) {
      if (signal.aborted) return;
      const what = night.missed
        ? `Whether the night of ${describe(night.due)} was missed could not be found out`
        : `The night of ${describe(night.due)} could not begin`;
      log.error(`${what}; trying again in ${retryMs / 60_000} minutes. ${describeError(error)}`);
      notBefore = clock.now().getTime() + retryMs;
      waiting = night;
    }
  };

  const tick = (): void => {
    const now = clock.now();
    noteWhatIsDue(now);
    if (waiting === undefined || running !== undefined || now.getTime() < notBefore || signal.aborted) return;
    const night = waiting;
    waiting = undefined;
    running = attempt(night).finally(() => {
      running = undefined;
    });
  };

  const stopTicking = clock.everyMinute(tick);
  tick();
  if (!signal.aborted) await once(signal, 'abort');
  stopTicking();
  await running;
}

function missedNight(due: Date | undefined): Night | undefined {
  return due === undefined ? undefined : { due, missed: true };
}
