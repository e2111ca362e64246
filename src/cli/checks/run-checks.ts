import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { readAccount } from '../dashboard/account.js';
import { toLedgerError } from '../database/connect.js';
import { readSchemaState } from '../database/migrations.js';
import { type ExitStatus, exitStatus, LedgerError } from '../errors.js';
import type { ApiSession } from './session.js';

type Verdict = { state: 'ok' | 'warning' | 'skipped'; text: string };

/** A clock further off than this dates what it sees on the wrong side of midnight too often, and breaks signed requests. */
const clockToleranceSeconds = 60;

/** Who runs a check is waiting for it: a passing disturbance is got over, an address that is wrong is told within a second or two. */
const checkTries = 2;

/** Runs every check, prints a line each, and answers 0 if none failed; a failed one does not keep the others from running. */
export async function runChecks(session: ApiSession): Promise<ExitStatus> {
  const { api } = session.config;
  let clockOffset: number | undefined;
  const checks: [string, () => Promise<Verdict>][] = [
    [
      'configuration',
      async () => ok(`${describeAccounts(api.accounts)}, ${api.apiUrl}, ${api.requestsPerMinute} requests a minute`),
    ],
    ['credentials kind', async () => credentialsKind(session)],
    ['data folder', async () => dataFolder(session.config.dataDir)],
    ['database', () => checkDatabase(session)],
    ['migrations', () => checkMigrations(session)],
    ...api.accounts.map((account): [string, () => Promise<Verdict>] => [
      `account ${account}`,
      async () => {
        const { companyName, serverTime } = await readAccount(await session.client({ tries: checkTries }), account);
        if (serverTime !== undefined) clockOffset = (Date.now() - serverTime.getTime()) / 1000;
        return ok(`the credentials reach it${companyName === undefined ? '' : ` (${companyName})`}`);
      },
    ]),
    ['clock', async () => checkClock(clockOffset)],
  ];
  const failed: string[] = [];
  let usage = false;
  for (const [title, check] of checks) {
    try {
      const { state, text } = await check();
      process.stdout.write(`${state.padEnd(labelWidth)}${title}: ${text}\n`);
    } catch (thrown) {
      session.signal.throwIfAborted();
      const error = thrown instanceof LedgerError ? thrown : toLedgerError(thrown, 'the database');
      failed.push(title);
      usage ||= error.exitStatus === exitStatus.usage;
      process.stdout.write(session.redact(`${'failed'.padEnd(labelWidth)}${title}: ${inOneLine(error)}\n`));
    }
  }
  if (failed.length === 0) return exitStatus.done;
  process.stderr.write(`${failed.length} of ${checks.length} checks failed: ${failed.join(', ')}.\n`);
  return usage ? exitStatus.usage : exitStatus.failed;
}

const labelWidth = 'warning '.length;

function inOneLine({ message, hint }: LedgerError): string {
  if (hint === undefined) return message;
  return `${/[.!?]$/.test(message) ? message : `${message}.`} ${hint}`;
}

function describeAccounts(accounts: readonly string[]): string {
  return `${accounts.length === 1 ? 'account' : 'accounts'} ${accounts.join(', ')}`;
}

const ok = (text: string): Verdict => ({ state: 'ok', text });
const warning = (text: string): Verdict => ({ state: 'warning', text });

function credentialsKind({ config }: ApiSession): Verdict {
  if (config.api.credentials.kind === 'oauth') return ok('OAuth client credentials');
  return warning(
    'Basic credentials of an API user, whose end Bandwidth has announced; create OAuth client credentials and set BANDWIDTH_CLIENT_ID and BANDWIDTH_CLIENT_SECRET',
  );
}

/** The folder itself may be still to be made: then the nearest one above it must be writable. */
function dataFolder(dataDir: string): Verdict {
  let folder = dataDir;
  while (!existsSync(folder)) folder = dirname(folder);
  if (!statSync(folder).isDirectory()) {
    throw new LedgerError(`${dataDir} cannot be a folder: ${folder} is a file.`, {
      hint: 'Remove the file, or set TN_LEDGER_DATA_DIR to another folder.',
    });
  }
  try {
    accessSync(folder, constants.W_OK);
  } catch {
    throw new LedgerError(`${folder} cannot be written.`, {
      hint: 'Give its user the right to write, or set TN_LEDGER_DATA_DIR to another folder.',
    });
  }
  return ok(dataDir);
}

async function checkDatabase(session: ApiSession): Promise<Verdict> {
  const database = await session.database();
  const major = Math.floor(database.serverVersion / 10_000);
  return ok(`${database.describe}, PostgreSQL ${major}`);
}

async function checkMigrations(session: ApiSession): Promise<Verdict> {
  const database = await session.database().catch(() => undefined);
  if (database === undefined) return { state: 'skipped', text: 'there is no database to look at' };
  const { applied, pending } = await readSchemaState(database);
  if (pending.length === 0) return ok(`${applied.length} applied, none pending`);
  return ok(`${pending.length} pending; the next \`tn-ledger run\` or \`tn-ledger migrate\` applies them`);
}

function checkClock(offsetSeconds: number | undefined): Verdict {
  if (offsetSeconds === undefined) return { state: 'skipped', text: 'the API did not tell its time' };
  const off = Math.abs(offsetSeconds);
  if (off <= clockToleranceSeconds) return ok('agrees with the API to within a minute');
  return warning(`${Math.round(off)} s ${offsetSeconds > 0 ? 'ahead of' : 'behind'} the API's: set it by NTP`);
}
