import { type ApiReady, apiOf, type Credentials, describeUnknown, titleOfAccount } from '../../config.js';
import type { DashboardClient } from '../../dashboard/client.js';
import { clockHint, describeDifference } from '../../dashboard/server-clock.js';
import { databaseTime } from '../../database/time.js';
import { type ExitStatus, LedgerError } from '../../errors.js';
import type { ApiSession } from '../session.js';
import { checkAccount } from './account.js';
import { checkAlerts } from './alerts.js';
import { checkDatabase, checkMigrations, checkRights, databaseIfOpen, noDatabase, whyNoRequests } from './database.js';
import { checkSpace } from './disk-space.js';
import { checkDataFolder, checkFileModes, checkFolders } from './folders.js';
import { createReport, ok, skipped, type Verdict, warning } from './report.js';

/** A larger difference assigns too many events around midnight to the wrong day. */
const clockToleranceMs = 60_000;

/** Retries a transient failure, but reports a wrong URL within a second or two, because the user is waiting. */
const checkTries = 2;

/**
 * Checks everything a nightly run needs and prints one line per check. The exit status is 1 if a configured job can't
 * work.
 *
 * @param options.alerts also send a test message to every channel for alerts
 */
export async function runChecks(
  session: ApiSession,
  { alerts = false }: { alerts?: boolean } = {},
): Promise<ExitStatus> {
  const { config } = session;
  const report = createReport(session);
  await report.check('configuration', () => ok(describeConfiguration(session)));
  await report.check('variables', () => checkVariables(session));
  await report.check('data folder', () => checkDataFolder(config.dataDir));
  await report.check('folders', () => checkFolders(config.dataDir));
  await report.check('file modes', () => checkFileModes(config.dataDir, config.fileMode));
  await report.check('database', () => checkDatabase(session));
  await report.check('migrations', () => checkMigrations(session));
  await report.check('database rights', () => checkRights(session));
  await report.check('disk space', () => checkSpace(session));
  for (const { credentials, accounts: users } of credentialSets(config)) {
    const ofSet = credentials.name === undefined ? '' : `, ${credentials.name}`;
    await report.check(`credentials kind${ofSet}`, () => checkCredentialsKind(credentials));
    // Opens the client with these settings for all checks of its accounts.
    const client = await session.client(users[0], { tries: checkTries, anyClock: true });
    if (credentials.kind === 'oauth') await report.check(`token${ofSet}`, async () => describeToken(client));
  }
  let accounts: readonly string[] = config.accounts;
  if (accounts.length === 0) {
    await report.check('accounts', async () => {
      accounts = await session.accounts();
      return ok(`${accounts.join(', ')}, from the token`);
    });
  }
  let clockAheadMs: number | undefined;
  const obstacle = await whyNoRequests(session);
  for (const account of accounts) {
    const serverTime = await checkAccount(report, await session.client(account), account, config, obstacle);
    if (serverTime !== undefined) clockAheadMs = Date.now() - serverTime.getTime();
  }
  await report.check('clock', () => checkClock(clockAheadMs, config.api.maxClockDifferenceMs));
  await report.check('database clock', () => checkDatabaseClock(session, clockAheadMs));
  if (alerts) await checkAlerts(report, session);
  return report.end();
}

/** The credentials that accounts use, and those accounts. */
function credentialSets(config: ApiReady): { credentials: Credentials; accounts: string[] }[] {
  const sets = new Map<Credentials, string[]>([[config.api.credentials, []]]);
  for (const account of config.accounts) {
    const { credentials } = apiOf(config, account);
    sets.set(credentials, [...(sets.get(credentials) ?? []), account]);
  }
  return [...sets].map(([credentials, accounts]) => ({ credentials, accounts }));
}

function describeConfiguration({ config }: ApiSession): string {
  const { accounts, accountSettings, api } = config;
  if (accountSettings.size > 0) {
    const each = accounts.map((account) => titleOfAccount(config, account)).join(', ');
    return `${accounts.length === 1 ? 'account' : 'accounts'} ${each}, from TN_LEDGER_ACCOUNTS_FILE`;
  }
  const whose =
    accounts.length === 0
      ? 'the accounts in the token'
      : `${accounts.length === 1 ? 'account' : 'accounts'} ${accounts.join(', ')}`;
  return `${whose}, ${api.apiUrl}, ${api.requestsPerMinute} requests per minute`;
}

function checkVariables({ config: { unknownVariables } }: ApiSession): Verdict {
  if (unknownVariables.length === 0) return ok('no unknown variables');
  return warning(unknownVariables.map(describeUnknown).join('; '));
}

function checkCredentialsKind({ kind, name }: Credentials): Verdict {
  if (kind === 'oauth') return ok('OAuth client credentials');
  const settings =
    name === undefined ? 'BANDWIDTH_CLIENT_ID and BANDWIDTH_CLIENT_SECRET' : `client_id and client_secret of ${name}`;
  return warning(
    `Basic authentication, which Bandwidth is retiring; create OAuth client credentials and set ${settings}`,
  );
}

/** Lists roles as spelled in the token. The checks of each account show what the roles allow. */
async function describeToken(client: DashboardClient): Promise<Verdict> {
  const claims = await client.tokenClaims();
  if (claims === undefined) return ok('opaque: lists neither accounts nor roles');
  const { accounts, roles } = claims;
  const named = (list: readonly string[] | undefined, none: string) =>
    list === undefined ? 'not listed' : list.join(', ') || none;
  return ok(`roles ${named(roles, 'none')}; accounts ${named(accounts, 'none (system-wide credentials)')}`);
}

async function checkDatabaseClock(session: ApiSession, machineAheadMs: number | undefined): Promise<Verdict> {
  const database = await databaseIfOpen(session);
  if (database === undefined) return noDatabase;
  const aheadOfMachineMs = (await databaseTime(database)).getTime() - Date.now();
  const aheadMs = machineAheadMs === undefined ? undefined : machineAheadMs + aheadOfMachineMs;
  return checkClock(aheadMs, session.config.api.maxClockDifferenceMs);
}

function checkClock(aheadMs: number | undefined, limitMs: number): Verdict {
  if (aheadMs === undefined) return skipped('the time of the API is unknown');
  const difference = Math.abs(aheadMs);
  if (difference > limitMs) {
    throw new LedgerError(`${describeDifference(aheadMs)}: no job will run`, { hint: clockHint });
  }
  if (difference <= clockToleranceMs) return ok('within a minute of the API');
  return warning(`${describeDifference(aheadMs)}: synchronize it with NTP`);
}
