import { ClockError } from '../dashboard/errors.js';
import { clockHint, describeDifference } from '../dashboard/server-clock.js';
import { databaseTime } from '../database/time.js';
import type { RunEnvironment } from '../run/run-job.js';
import type { ApiSession } from './session.js';

const nothingDone = 'No job was started, and nothing was read or sent.';

type Environment = Pick<RunEnvironment, 'client' | 'database' | 'signal'>;

/**
 * Checks that this machine's clock and the database's differ from the API's by at most TN_LEDGER_MAX_CLOCK_DIFFERENCE. With
 * OAuth, the token response contains the API's time, so this costs no extra request. If accounts have different
 * credentials, the first response counts: credentials with a problem must not delay the others.
 *
 * @throws {ClockError} a difference is larger; nothing was read or sent
 */
export async function checkClocks(
  session: ApiSession,
  accounts: readonly string[],
  environmentOf: (account: string) => Environment,
): Promise<void> {
  const checked = new Map<Environment['client'], Promise<void>>();
  for (const account of accounts) {
    const environment = environmentOf(account);
    if (!checked.has(environment.client)) checked.set(environment.client, compareClocks(session, environment, account));
  }
  try {
    await Promise.any(checked.values());
  } catch (error) {
    const wrong = (error as AggregateError).errors.find((each) => each !== noResponse);
    if (wrong !== undefined) throw wrong;
    // The API is down or rejects the credentials. The jobs will fail for the same reason and record it in sync_runs.
  }
}

const noResponse = Symbol('the API did not show its time');

/** @throws {ClockError} a difference is larger; `noResponse` if they can't be compared */
async function compareClocks(
  { config }: ApiSession,
  { client, database, signal }: Environment,
  account: string,
): Promise<void> {
  try {
    await client.checkClock(account, nothingDone, signal);
  } catch (error) {
    throw error instanceof ClockError ? error : noResponse;
  }
  const aheadMs = (await databaseTime(database)).getTime() - client.now().getTime();
  if (Math.abs(aheadMs) <= config.api.maxClockDifferenceMs) return;
  throw new ClockError(
    `The clock of the database ${database.describe}, which timestamps all data, is ${describeDifference(aheadMs)}. ${nothingDone}`,
    { hint: clockHint },
  );
}
