import { nightly } from '../../jobs/nightly.js';
import { CredentialsError } from '../dashboard/errors.js';
import type { Database } from '../database/connect.js';
import { toLedgerError } from '../database/errors.js';
import { AlreadyRunningError, LedgerError } from '../errors.js';
import { sleep } from '../retry.js';
import { whatItWaitsFor } from '../run/cause.js';
import type { RunReport } from '../run/job.js';
import { type RefusedClients, runAccount } from '../run/run-accounts.js';
import type { RunEnvironment } from '../run/run-job.js';
import { TakenOverError } from '../run/run-record.js';
import type { ClaimedNight } from '../schedule/night-queue.js';
import { type NightOutcome, workOnNights } from '../schedule/work-on-nights.js';
import { formatInZone } from '../wall-clock.js';
import { checkClocks } from './check-clocks.js';
import { describeFailure } from './failure.js';
import { formatCount, formatDuration } from './format.js';
import { limitHeapGrowth } from './memory.js';
import { openQueue } from './open-queue.js';
import { openRunEnvironments } from './run-environment.js';
import { jobOptionsOf, printProblems } from './run-jobs.js';
import type { ApiSession } from './session.js';

/** The pause before the queue is opened again, in milliseconds. */
const reopenMs = 30_000;

/**
 * Works on the planned nights of the configured accounts until the session's signal is aborted. While the database is down, it
 * keeps trying to reach it.
 *
 * @param untilDone return when no night is open on any host; then it doesn't wait for a database that is down either
 */
export async function workNights(session: ApiSession, { untilDone }: { untilDone: boolean }): Promise<void> {
  const { log, signal } = session;
  limitHeapGrowth();
  while (!signal.aborted) {
    try {
      return await session.withOwnConnections((own) => workWhileConnected(own, untilDone));
    } catch (error) {
      if (signal.aborted) return;
      if (untilDone) throw error;
      log.error(
        `The planned nightly runs can't be read; trying again every ${reopenMs / 1000} s. ${describeFailure(error)}`,
      );
    }
    await sleep(reopenMs, signal).catch(() => undefined);
  }
}

async function workWhileConnected(session: ApiSession, untilDone: boolean): Promise<void> {
  const { config, log, signal } = session;
  const queue = await openQueue(session, { supervise: true });
  const withRunner = shareSessions(session);
  try {
    await workOnNights({
      queue,
      lanes: config.concurrentAccounts,
      // Accounts that a token names may change while this runs.
      served: config.accounts.length > 0 ? config.accounts : undefined,
      run: (night, stop) => withRunner(night, (runner) => runner.run(night, stop)),
      untilDone,
      signal,
      log,
    });
  } finally {
    await queue.close();
  }
}

interface NightRunner {
  run(night: ClaimedNight, signal: AbortSignal): Promise<NightOutcome>;
}

interface SharedRunner {
  runner: Promise<NightRunner>;
  users: number;
  end: () => void;
  closed: Promise<void>;
}

/**
 * Lends one runner to all accounts of a night. The first one opens its connections and API clients, and the last one in
 * progress closes them: by the next night, rejected credentials may be accepted again.
 */
function shareSessions(
  session: ApiSession,
): <T>(night: ClaimedNight, use: (runner: NightRunner) => Promise<T>) => Promise<T> {
  const open = (): SharedRunner => {
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    let closed = Promise.resolve();
    const runner = new Promise<NightRunner>((resolve, reject) => {
      closed = session
        .withOwnConnections(async (own) => {
          resolve(createNightRunner(own));
          await ended;
        })
        .catch(reject);
    });
    return { runner, users: 0, end, closed };
  };
  const byNight = new Map<number, SharedRunner>();
  return async ({ time }, use) => {
    const shared = byNight.get(time.getTime()) ?? open();
    byNight.set(time.getTime(), shared);
    shared.users += 1;
    try {
      return await use(await shared.runner);
    } finally {
      shared.users -= 1;
      if (shared.users === 0) {
        byNight.delete(time.getTime());
        shared.end();
        await shared.closed;
      }
    }
  };
}

function createNightRunner(session: ApiSession): NightRunner {
  const { config } = session;
  /** Clients whose credentials the API rejected: no other account tries them in these nights. */
  const refused: RefusedClients = new Set();
  /** Clients whose API has shown that the clocks agree. */
  const inTime = new Set<RunEnvironment['client']>();
  let environments: Promise<(account: string) => Promise<RunEnvironment>> | undefined;

  const attempt = async (night: ClaimedNight, signal: AbortSignal): Promise<RunReport[]> => {
    environments ??= openRunEnvironments(session).catch((error: unknown) => {
      environments = undefined;
      throw error;
    });
    const environment = { ...(await (await environments)(night.account)), signal };
    if (!inTime.has(environment.client)) await checkClocks(session, [night.account], () => environment);
    inTime.add(environment.client);
    const options = { ...jobOptionsOf(config, {}), ...(night.attempt > 1 && { continuesFrom: night.plannedAt }) };
    return runAccount(night.account, [nightly], environment, options, refused);
  };

  return {
    async run(night, signal) {
      const title = describeNight(night, config.timezone);
      const log = session.log.child({ account: night.account, job: nightly.name });
      try {
        // Its worker may have stopped right after the run, before it could say so.
        if (night.attempt > 1 && (await isDone(await session.database(), night))) {
          log.info(`${title} is already done`);
          return { result: 'succeeded' };
        }
        log.info(`${title} ${night.attempt === 1 ? 'started' : `continues (attempt ${night.attempt})`}`);
        const reports = await attempt(night, signal);
        if (reports.length === 0 && signal.aborted) return { result: 'stopped' };
        printProblems(session, reports);
        return conclude({ ...session, log }, reports, title);
      } catch (error) {
        if (signal.aborted) return { result: 'stopped' };
        const explained =
          error instanceof LedgerError ? error : toLedgerError(error, (await session.database()).describe);
        log.error(`${title} could not start; it will be retried. ${describeFailure(explained)}`);
        const { message, hint, name } = explained;
        return {
          result: 'retry',
          error: session.redact(message),
          waitsFor: whatItWaitsFor(name),
          unrecorded: { cause: name, ...(hint !== undefined && { hint: session.redact(hint) }) },
        };
      }
    },
  };
}

/** Whether a nightly run of the account has succeeded since the night was planned, whoever started it. */
async function isDone({ pool }: Database, { account, plannedAt }: ClaimedNight): Promise<boolean> {
  const { rows } = await pool.query<{ done: boolean }>(
    `select exists (select from sync_runs
                     where account_id = $1 and job = $2 and started_at >= $3 and status = 'succeeded') as done`,
    [account, nightly.name, plannedAt],
  );
  return rows[0]?.done ?? false;
}

/** Logs how an attempt ended, and decides whether there is another one. */
function conclude(session: ApiSession, reports: readonly RunReport[], title: string): NightOutcome {
  const { log, redact } = session;
  const [report] = reports;
  if (report === undefined) {
    const error = 'The API rejected the credentials for another account of this run, so they were not tried again.';
    log.error(`${title} failed. ${error}`);
    return { result: 'failed', error, unrecorded: { cause: CredentialsError.name, hint: rejectedHint } };
  }
  const error = redact(report.error?.message ?? '');
  switch (report.result) {
    case 'interrupted':
      return { result: 'stopped' };
    case 'already running':
      log.warn(`${title} is incomplete: another nightly run, or one of its jobs, is in progress; it will be retried`);
      return { result: 'retry', error, waitsFor: whatItWaitsFor(AlreadyRunningError.name) };
    case 'failed':
      if (errorsOf(report).some((each) => each instanceof TakenOverError)) {
        log.warn(`${title} was taken over by another process`);
        return { result: 'retry', error };
      }
      for (const { name } of errorsOf(report)) {
        const waitsFor = whatItWaitsFor(name);
        if (waitsFor === undefined) continue;
        log.error(`${title} failed and will be retried. Run \`tn-ledger status\` to see why.`);
        return { result: 'retry', error, waitsFor };
      }
      log.error(`${title} failed. Run \`tn-ledger status\` to see why.`);
      return { result: 'failed', error };
    case 'succeeded': {
      const { counts, rejected, seconds } = report;
      log.info(
        `${title} finished${rejected > 0 ? ' with rejects' : ''}: ${formatCount(counts.pages)} pages, ` +
          `${formatCount(counts.rowsWritten)} rows written, ${formatDuration(seconds)}`,
      );
      return { result: 'succeeded' };
    }
  }
}

/** The errors of a run and of the jobs it ran. */
function errorsOf({ error, parts }: RunReport): Error[] {
  return [...(error === undefined ? [] : [error]), ...parts.flatMap(errorsOf)];
}

const rejectedHint = 'Correct the credentials, then start the run again: tn-ledger run nightly';

/** `The nightly run of 2026-11-22 02:00 EST (2026-11-22 07:00 UTC) for account 9900000`. */
function describeNight({ time, origin, account }: ClaimedNight, timezone: string): string {
  return `The nightly run of ${formatInZone(time, timezone)}${origin === 'enqueue' ? ', enqueued,' : ''} for account ${account}`;
}
