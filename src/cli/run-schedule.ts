import { nightly } from '../../jobs/nightly.js';
import { type ExitStatus, exitStatus } from '../errors.js';
import { systemClock } from '../schedule/clock.js';
import { keepSchedule, type Night } from '../schedule/keep-schedule.js';
import { nightStates } from '../schedule/missed-night.js';
import { createTimetable } from '../schedule/timetable.js';
import { formatInZone } from '../schedule/wall-clock.js';
import { describeFailure } from './failure.js';
import { runJobs } from './run-jobs.js';
import type { ApiSession } from './session.js';

/** Prints the next nights and runs each of them for every account, until a signal ends it: then it is done, and has not failed. */
export async function runSchedule(session: ApiSession, { catchUp }: { catchUp: boolean }): Promise<ExitStatus> {
  const { config, log, signal } = session;
  const timetable = createTimetable(config.schedule, config.timezone);
  const describe = (moment: Date) => formatInZone(moment, config.timezone);
  const upcoming = timetable.upcoming(systemClock.now(), 3).map((moment) => `  ${describe(moment)}\n`);
  process.stdout.write(
    `Nights by TN_LEDGER_SCHEDULE (${config.schedule}, ${config.timezone}) of ${config.accounts.join(', ') || 'the accounts that the access token names'}; the next ones:\n${upcoming.join('')}`,
  );
  await keepSchedule({
    timetable,
    clock: systemClock,
    catchUp,
    describe,
    describeError: describeFailure,
    log,
    signal,
    // A database that was down, or credentials that were refused, may be well again by the next night.
    runNight: (night) => session.anew((fresh) => runNight(fresh, night, describe)),
  });
  return exitStatus.done;
}

async function runNight(session: ApiSession, night: Night, describe: (moment: Date) => string): Promise<boolean> {
  const { log, signal } = session;
  const when = describe(night.due);
  const accounts = night.missed ? await accountsThatLack(session, night, when) : await session.accounts();
  if (accounts.length === 0) return false;
  log.info(`The night of ${when} begins${night.missed ? ', late' : ''}: ${accounts.join(', ')}`);
  const status = await runJobs(session, [nightly], { accounts });
  if (signal.aborted) return true;
  switch (status) {
    case exitStatus.failed:
      log.error(`The night of ${when} failed; \`tn-ledger status\` shows why.`);
      break;
    case exitStatus.alreadyRunning:
      log.warn(`Not all of the night of ${when} was run: another run of it, or of one of its jobs, is in progress`);
      break;
    default:
      log.info(`The night of ${when} is over${status === exitStatus.rejected ? ', with rejects' : ''}`);
  }
  return true;
}

/** The accounts for which a missed night is to be made up. */
async function accountsThatLack(session: ApiSession, { due }: Night, when: string): Promise<string[]> {
  const { log } = session;
  const all = await session.accounts();
  const states = await nightStates(await session.database(), all, due, systemClock.now());
  const accounts: string[] = [];
  for (const account of all) {
    switch (states.get(account)) {
      case 'missed':
        log.info(`The night of ${when} was missed for account ${account}: it is made up now`);
        accounts.push(account);
        break;
      case 'cut short':
        log.info(`The night of ${when} was cut short for account ${account}: it goes on now`);
        accounts.push(account);
        break;
      case 'given up':
        log.warn(
          `The night of ${when} was cut short twice for account ${account}, and is not tried again: \`tn-ledger run nightly\` runs it`,
        );
        break;
      case 'run':
        log.debug(`The night of ${when} needs no making up for account ${account}`);
        break;
      case 'newcomer':
        log.info(
          `No night has run yet for account ${account}: the first one comes with the schedule, or now with \`tn-ledger run nightly\``,
        );
    }
  }
  return accounts;
}
