import { nightlyName } from '../../jobs/names.js';
import { type Alerts, createAlerts } from '../alerts/alerts.js';
import { sendPing } from '../alerts/ping.js';
import { titleOfAccount } from '../config.js';
import { type ExitStatus, exitStatus, exitStatusOf } from '../errors.js';
import type { Job } from '../run/job.js';
import { describeFailure } from './failure.js';
import { pollDatabase } from './poll-database.js';
import type { ApiSession } from './session.js';

function alertsOf({ config, log, redact }: ApiSession, staysUp: boolean): Alerts {
  return createAlerts({
    settings: config.alerts,
    timezone: config.timezone,
    titleOf: (account) => titleOfAccount(config, account),
    labelOf: (account) => config.accountSettings.get(account)?.label,
    ...{ log, redact, staysUp },
  });
}

/** Sends alerts and pings while a process that stays up works, and once more when its work is done. */
export async function withAlerts<T>(session: ApiSession, work: (alerts: Alerts) => Promise<T>): Promise<T> {
  const alerts = alertsOf(session, true);
  if (!alerts.isEnabled) return work(alerts);
  const end = new AbortController();
  const updating = pollDatabase(session, {
    open: (own) => own.database(),
    work: (_own, database) => alerts.update(database),
    onError: (error) => alerts.databaseFailed(error),
    signal: AbortSignal.any([session.signal, end.signal]),
  });
  try {
    return await work(alerts);
  } finally {
    end.abort();
    await updating;
    alerts.end();
    if (!session.signal.aborted) await updateOnce(session, alerts);
  }
}

async function updateOnce(session: ApiSession, alerts: Alerts): Promise<void> {
  try {
    await session.withOwnConnections(async (own) => alerts.update(await own.database()));
  } catch (error) {
    await alerts.databaseFailed(error);
  }
}

/** The end of a run of jobs. */
export interface RunEnd {
  status: ExitStatus;
  /** For the ping. */
  summary: string;
}

/** Runs jobs once: pings around a nightly run, and sends alerts at the end. */
export async function withRunAlerts(
  session: ApiSession,
  jobs: readonly Job[],
  work: () => Promise<RunEnd>,
): Promise<ExitStatus> {
  const alerts = alertsOf(session, false);
  if (!alerts.isEnabled) return (await work()).status;
  const { pingUrl } = session.config.alerts;
  const ping = async (path: string, body: string) => {
    if (pingUrl !== undefined && jobs.some(({ name }) => name === nightlyName))
      await sendPing(pingUrl, path, body, session);
  };
  const command = `tn-ledger run ${jobs.map(({ name }) => name).join(' ')}`;
  await ping('start', command);
  let end: RunEnd = { status: exitStatus.failed, summary: '' };
  try {
    end = await alerts.watch(command, work);
    return end.status;
  } catch (error) {
    end = { status: exitStatusOf(error), summary: describeFailure(error) };
    throw error;
  } finally {
    await ping(String(end.status), end.summary);
    if (!session.signal.aborted) await updateOnce(session, alerts);
  }
}
