import type { Alerts } from '../alerts/alerts.js';
import { type ScheduleGroup, scheduleGroups } from '../config.js';
import type { DashboardClient } from '../dashboard/client.js';
import { type ExitStatus, exitStatus } from '../errors.js';
import { systemClock } from '../schedule/clock.js';
import { readRunStates } from '../schedule/run-states.js';
import { runScheduler, type ScheduledRun } from '../schedule/scheduler.js';
import { createTimetable } from '../timetable.js';
import { formatInZone } from '../wall-clock.js';
import { checkClocks } from './check-clocks.js';
import { describeFailure } from './failure.js';
import { keepUp } from './keep-up.js';
import { openQueue } from './open-queue.js';
import { whileMonitored } from './serve-monitoring.js';
import type { ApiSession } from './session.js';
import { withAlerts } from './with-alerts.js';
import { workNights } from './work-nights.js';

/**
 * Prints the next scheduled times, plans each nightly run for every account, works on the planned ones, as any number of
 * other hosts may, and backs up and prunes the ledger after them. Groups of accounts with their own schedule are planned
 * independently of each other. A signal stops it, with exit status 0.
 */
export async function runSchedule(session: ApiSession, { catchUp }: { catchUp: boolean }): Promise<ExitStatus> {
  const groups = scheduleGroups(session.config);
  const isOnly = groups.length === 1;
  await withAlerts(session, async (alerts) => {
    const schedulers = groups.map((group) => prepareGroup(session, group, { catchUp, isOnly, alerts }));
    await whileMonitored(session, async () => {
      await Promise.all([
        ...schedulers.map((start) => start()),
        workNights(session, { untilDone: false }),
        keepUp(session),
      ]);
    });
  });
  return exitStatus.done;
}

/** Prints a group's next times, and returns the function that starts its scheduler. */
function prepareGroup(
  session: ApiSession,
  { source, expression, accounts }: ScheduleGroup,
  { catchUp, isOnly, alerts }: { catchUp: boolean; isOnly: boolean; alerts: Alerts },
): () => Promise<void> {
  const { config, log, signal } = session;
  const timetable = createTimetable(expression, config.timezone);
  const inZone = (moment: Date) => formatInZone(moment, config.timezone);
  const describe = (moment: Date) => (isOnly ? inZone(moment) : `${inZone(moment)} (${source})`);
  const upcoming = timetable.upcoming(systemClock.now(), 3).map((moment) => `  ${inZone(moment)}\n`);
  process.stdout.write(
    `Next nightly runs of ${accounts.join(', ') || 'the accounts in the access token'} (${source}: ${expression}, ${config.timezone}):\n${upcoming.join('')}`,
  );
  return () =>
    runScheduler({
      timetable,
      clock: systemClock,
      catchUp,
      describe,
      describeError: describeFailure,
      log,
      signal,
      // New connections for each run, because a database outage or rejected credentials may be fixed by then.
      plan: (run) =>
        alerts.watch(`planning the nightly run (${source})`, () =>
          session.withOwnConnections(async (fresh) =>
            planNight(fresh, accounts.length > 0 ? accounts : await fresh.accounts(), run, describe),
          ),
        ),
    });
}

/** Plans a run for the accounts that need it. Returns whether there were any. */
async function planNight(
  session: ApiSession,
  all: readonly string[],
  run: ScheduledRun,
  describe: (moment: Date) => string,
): Promise<boolean> {
  const { log } = session;
  const when = describe(run.due);
  const accounts = run.missed ? await accountsToCatchUp(session, all, run, when) : all;
  if (accounts.length === 0) return false;
  // A night planned for a day that has not come would keep the real one from being planned.
  await checkClocks(session, accounts, await openClients(session, accounts));
  const queue = await openQueue(session, { supervise: false });
  try {
    const { planned, blocked } = await queue.plan({ time: run.due, origin: 'schedule' }, accounts);
    for (const account of blocked) {
      log.warn(`The nightly run of ${when} was skipped for account ${account}: the previous run is still in progress`);
    }
    if (planned.length > 0) log.info(`The nightly run of ${when} is planned: ${planned.join(', ')}`);
    return true;
  } finally {
    await queue.close();
  }
}

/** What comparing the clocks needs, by account. */
async function openClients(session: ApiSession, accounts: readonly string[]) {
  const database = await session.database();
  const clients = new Map<string, DashboardClient>();
  for (const account of accounts) clients.set(account, await session.client(account));
  return (account: string) => ({
    client: clients.get(account) as DashboardClient,
    database,
    signal: session.signal,
  });
}

/** The accounts for which a missed run must be caught up. */
async function accountsToCatchUp(
  session: ApiSession,
  all: readonly string[],
  { due }: ScheduledRun,
  when: string,
): Promise<string[]> {
  const { log } = session;
  const states = await readRunStates(await session.database(), all, due, systemClock.now());
  const accounts: string[] = [];
  for (const account of all) {
    switch (states.get(account)) {
      case 'missed':
        log.info(`The nightly run of ${when} was missed for account ${account}; planning it now`);
        accounts.push(account);
        break;
      case 'run':
        log.debug(`The nightly run of ${when} was not missed for account ${account}`);
        break;
      case 'never run':
        log.info(
          `No nightly run is recorded for account ${account} yet. The first one starts on schedule; to start it now, use \`tn-ledger run nightly\`.`,
        );
    }
  }
  return accounts;
}
