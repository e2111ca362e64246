import { once } from 'node:events';
import type { Log } from '../log.js';
import type { Timetable } from '../timetable.js';
import type { Clock } from './clock.js';

/** A nightly run that is due. */
export interface ScheduledRun {
  /** Its scheduled time. */
  due: Date;
  /** The scheduled time passed while the scheduler was not running. Another process may have run it since. */
  missed: boolean;
}

export interface SchedulerOptions {
  timetable: Timetable;
  clock: Clock;
  /** Whether to run the most recent missed run, once. */
  catchUp: boolean;
  /**
   * Plans a run; workers execute it.
   *
   * @returns whether anything was planned
   * @throws if the run could not be planned, such as without a database; the scheduler then retries
   */
  plan(run: ScheduledRun): Promise<boolean>;
  /** Formats the time of a run for the log. */
  describe(due: Date): string;
  /** Formats an error for the log. */
  describeError(error: unknown): string;
  log: Pick<Log, 'info' | 'warn' | 'error'>;
  /** Stops the scheduler. */
  signal: AbortSignal;
}

/** A run that would start later than this was missed: the machine was asleep, or its clock was set forward. */
const lateMs = 5 * 60_000;
const retryMs = 5 * 60_000;
const dayMs = 24 * 3_600_000;
/** Smaller corrections are routine NTP adjustments. */
const clockStepMs = 5000;

/**
 * Plans each run of the timetable once, until the signal is aborted. Checks every minute whether a run is due,
 * so that it notices within a minute that the machine slept or its clock was changed.
 */
export async function runScheduler(options: SchedulerOptions): Promise<void> {
  const { timetable, clock, catchUp, plan, describe, describeError, log, signal } = options;
  const start = clock.now();
  let next = timetable.next(start);
  let waiting = catchUp ? missedRun(timetable.previous(start)) : undefined;
  let planning: Promise<void> | undefined;
  let notBefore = start.getTime();
  let lastTick = start;
  /** The scheduled time of the last run planned. */
  let lastRun: Date | undefined;

  // Times computed while the clock was ahead are wrong once it is set back. A run less than a day ahead of the new time is not
  // repeated. A run further ahead ran on a date that has not come yet, and must not suppress the runs before it. A run that was
  // due but could not start, such as when the clock disagreed with the API's, becomes due again.
  const nextAfter = (now: Date): Date | undefined => {
    if (lastRun === undefined || lastRun <= now || lastRun.getTime() - now.getTime() > dayMs)
      return timetable.next(now);
    return timetable.next(lastRun);
  };

  const handleClockSetBack = (now: Date): void => {
    log.warn(`The clock was set back by ${Math.round((lastTick.getTime() - now.getTime()) / 1000)} s`);
    next = nextAfter(now);
    if (waiting !== undefined && waiting.due > now) waiting = undefined;
    notBefore = Math.min(notBefore, now.getTime() + retryMs);
  };

  const queueDueRun = (now: Date): void => {
    if (now.getTime() < lastTick.getTime() - clockStepMs) handleClockSetBack(now);
    lastTick = now;
    if (next === undefined || now < next) return;
    // If the machine slept through several runs, the last one loads everything that the others would have.
    const due = timetable.previous(now) ?? next;
    next = timetable.next(now);
    const missed = now.getTime() - due.getTime() > lateMs;
    if (missed && !catchUp) {
      log.warn(`The nightly run of ${describe(due)} was missed and is not caught up because of --no-catch-up`);
    } else {
      waiting = { due, missed };
    }
  };

  const attempt = async (run: ScheduledRun): Promise<void> => {
    const ranBefore = lastRun;
    const undo = (): void => {
      lastRun = ranBefore;
      // The clock was set back in the meantime.
      if (run.due > clock.now()) next = nextAfter(clock.now());
    };
    lastRun = run.due;
    try {
      if (!(await plan(run))) undo();
    } catch (error) {
      if (signal.aborted) return;
      undo();
      const which = `The nightly run of ${describe(run.due)}${run.missed ? ', which may have been missed,' : ''}`;
      log.error(`${which} could not be planned; retrying in ${retryMs / 60_000} minutes. ${describeError(error)}`);
      notBefore = clock.now().getTime() + retryMs;
      // A later run may have become due in the meantime.
      if (run.due <= clock.now()) waiting ??= run;
    }
  };

  const tick = (): void => {
    const now = clock.now();
    queueDueRun(now);
    if (waiting === undefined || planning !== undefined || now.getTime() < notBefore || signal.aborted) return;
    const run = waiting;
    waiting = undefined;
    planning = attempt(run).finally(() => {
      planning = undefined;
    });
  };

  const stopTicking = clock.everyMinute(tick);
  tick();
  if (!signal.aborted) await once(signal, 'abort');
  stopTicking();
  await planning;
}

function missedRun(due: Date | undefined): ScheduledRun | undefined {
  return due === undefined ? undefined : { due, missed: true };
}
