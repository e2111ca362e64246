import { describeUnknown } from '../../config.js';
import { clockHint, describeDifference } from '../../dashboard/server-clock.js';
import { type ExitStatus, LedgerError } from '../../errors.js';
import type { ApiSession } from '../session.js';
import { checkAccount } from './account.js';
import { checkDatabase, checkMigrations, checkRights } from './database.js';
import { checkSpace } from './disk-space.js';
import { checkDataFolder, checkFileModes, checkFolders } from './folders.js';
import { createReport, ok, skipped, type Verdict, warning } from './report.js';

/** A clock further off than this dates what it sees on the wrong side of midnight too often, and breaks signed requests. */
const clockToleranceMs = 60_000;

/** Who runs a check is waiting for it: a passing failure is retried, a wrong address is reported within a second or two. */
const checkTries = 2;

/** Checks what a nightly run needs and prints one line per check; exits 1 if a configured job can't work. */
export async function runChecks(session: ApiSession): Promise<ExitStatus> {
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
  await report.check('credentials kind', () => checkCredentialsKind(session));
  const client = await session.client({ tries: checkTries, anyClock: true });
  if (config.api.credentials.kind === 'oauth') await report.check('token', async () => describeToken(session));
  let accounts: readonly string[] = config.accounts;
  if (accounts.length === 0) {
    await report.check('accounts', async () => {
      accounts = await session.accounts();
      return ok(`${accounts.join(', ')}, from the token`);
    });
  }
  let clockAheadMs: number | undefined;
  for (const account of accounts) {
    const serverTime = await checkAccount(report, client, account, config);
    if (serverTime !== undefined) clockAheadMs = Date.now() - serverTime.getTime();
  }
  await report.check('clock', () => checkClock(clockAheadMs, config.api.maxClockDifferenceMs));
  return report.end();
}

function describeConfiguration({ config: { accounts, api } }: ApiSession): string {
  const whose =
    accounts.length === 0
      ? 'the accounts that the token names'
      : `${accounts.length === 1 ? 'account' : 'accounts'} ${accounts.join(', ')}`;
  return `${whose}, ${api.apiUrl}, ${api.requestsPerMinute} requests a minute`;
}

function checkVariables({ config: { unknownVariables } }: ApiSession): Verdict {
  if (unknownVariables.length === 0) return ok('no unknown ones');
  return warning(unknownVariables.map(describeUnknown).join('; '));
}

function checkCredentialsKind({ config }: ApiSession): Verdict {
  if (config.api.credentials.kind === 'oauth') return ok('OAuth client credentials');
  return warning(
    'Basic credentials of an API user, whose end Bandwidth has announced; create OAuth client credentials and set BANDWIDTH_CLIENT_ID and BANDWIDTH_CLIENT_SECRET',
  );
}

/** Roles as the token spells them: what they allow, the lines of each account tell. */
async function describeToken(session: ApiSession): Promise<Verdict> {
  const claims = await (await session.client()).tokenClaims();
  if (claims === undefined) return ok('opaque: it tells neither accounts nor roles');
  const { accounts, roles } = claims;
  const named = (list: readonly string[] | undefined, none: string) =>
    list === undefined ? 'not named' : list.join(', ') || none;
  return ok(`roles ${named(roles, 'none')}; accounts ${named(accounts, 'none (system-wide credentials)')}`);
}

function checkClock(aheadMs: number | undefined, limitMs: number): Verdict {
  if (aheadMs === undefined) return skipped('the API did not tell its time');
  const difference = Math.abs(aheadMs);
  if (difference > limitMs) {
    throw new LedgerError(`${describeDifference(aheadMs)}: no job reads anything`, { hint: clockHint });
  }
  if (difference <= clockToleranceMs) return ok('agrees with the API to within a minute');
  return warning(`${describeDifference(aheadMs)}: set it by NTP`);
}
