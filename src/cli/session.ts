import { constants as osConstants } from 'node:os';
import { type Config, type ConfigSource, describeUnknown, loadConfig } from '../config.js';
import type { DashboardClient } from '../dashboard/client.js';
import { type Database, type DatabaseOptions, openDatabase, toLedgerError } from '../database/connect.js';
import { type ExitStatus, InterruptedError, LedgerError, messageOf } from '../errors.js';
import { createLog, type Log } from '../log.js';
import { createRedactor, type Redact } from '../redact.js';
import { printFailure } from './failure.js';
import type { ClientSettings } from './open-client.js';
import { accountsOfToken } from './token-accounts.js';

/** What a command works with. */
export interface Session {
  config: Config;
  log: Log;
  redact: Redact;
  /** Aborted by SIGINT and SIGTERM, with an InterruptedError. */
  signal: AbortSignal;
  /** Opens the database when first asked; closed at the end of the session. */
  database(options?: Pick<DatabaseOptions, 'readOnly' | 'toleratesReadOnly'>): Promise<Database>;
}

export interface ApiSession extends Session {
  config: Config & { api: NonNullable<Config['api']> };
  /** Opens the API client when first asked, with these settings; closed at the end of the session. */
  client(settings?: ClientSettings): Promise<DashboardClient>;
  /**
   * The accounts to work on: those in BANDWIDTH_ACCOUNT_ID, or where it isn't set those that the access token of the client names.
   *
   * @throws {UsageError} it isn't set, and the token names none
   */
  accounts(): Promise<readonly string[]>;
  /** Does work with a database and a client of its own, closed at its end; for what is done again and again. */
  anew<T>(work: (session: ApiSession) => Promise<T>): Promise<T>;
}

export type SettingsSource = Pick<ConfigSource, 'env' | 'cwd'>;

/** The settings of an ordinary command: the environment, and `.env` in the working folder. */
export function processSettings(): SettingsSource {
  return { env: process.env, cwd: process.cwd() };
}

/** Runs a command that talks to the Dashboard API. */
export async function withApiSession(
  source: SettingsSource,
  work: (session: ApiSession) => Promise<ExitStatus>,
): Promise<void> {
  const config = loadConfig({ ...source, needsApi: true });
  await runCommand(config, (base) => withinApi({ ...base, config }, work));
}

/** Runs a command that needs no more than the database. */
export async function withSession(
  source: SettingsSource,
  work: (session: Session) => Promise<ExitStatus>,
): Promise<void> {
  const config = loadConfig({ ...source, needsApi: false });
  await runCommand(config, (base) => within(base, work));
}

/** What all sessions of one process share. */
type Base<C extends Config = Config> = Pick<Session, 'log' | 'redact' | 'signal'> & {
  config: C;
  /** Has a value that is known only now taken out of everything printed, too. */
  addSecret(value: string): void;
};

type Closers = (() => Promise<void>)[];

async function runCommand(config: Config, work: (base: Base) => Promise<ExitStatus>): Promise<void> {
  const secrets = new Set(config.secrets);
  let redactor = createRedactor([...secrets]);
  const redact: Redact = (text) => redactor(text);
  const log = createLog({
    level: config.logLevel,
    format: config.logFormat ?? (process.stderr.isTTY ? 'pretty' : 'json'),
    redact,
    write: (line) => process.stderr.write(line),
  });
  for (const warning of config.warnings) log.warn(warning);
  for (const variable of config.unknownVariables) log.debug(describeUnknown(variable));
  // Whatever this process writes, also by libraries: call records and results of assignments are nobody else's.
  process.umask(maskFor(config.fileMode));
  const stop = stopOnSignals(log);
  const addSecret = (value: string) => {
    redactor = createRedactor([...secrets.add(value)]);
  };
  try {
    process.exitCode = await work({ config, log, redact, signal: stop.signal, addSecret });
  } catch (error) {
    process.exitCode = printFailure(error, redact);
  }
  stop.end();
}

async function within<T>(base: Base, work: (session: Session, closers: Closers) => Promise<T>): Promise<T> {
  const { config, log, redact, signal } = base;
  const closers: Closers = [];
  let database: Promise<Database> | undefined;
  const openOnce = async (options: Pick<DatabaseOptions, 'readOnly' | 'toleratesReadOnly'>) => {
    const opened = await openDatabase({
      databaseUrl: config.databaseUrl,
      dataDir: config.dataDir,
      applicationName: 'tn-ledger',
      signal,
      log: (message) => log.info(message),
      ...options,
    });
    closers.push(() => opened.close());
    // The embedded server's password is no setting: it is known only now.
    if (opened.embedded) base.addSecret(decodeURIComponent(new URL(opened.url).password));
    return opened;
  };
  const session: Session = {
    config,
    log,
    redact,
    signal,
    database: (options = {}) => (database ??= openOnce(options)),
  };
  try {
    return await work(session, closers);
  } catch (error) {
    throw explain(error, await database?.catch(() => undefined));
  } finally {
    for (const close of closers.reverse()) {
      try {
        await close();
      } catch (error) {
        log.warn(`Not everything could be closed cleanly: ${redact(String(error))}`);
      }
    }
  }
}

async function withinApi<T>(base: Base<ApiSession['config']>, work: (session: ApiSession) => Promise<T>): Promise<T> {
  const { config, log, signal } = base;
  return within(base, async (session, closers) => {
    let client: Promise<DashboardClient> | undefined;
    const open = async (settings?: ClientSettings) => {
      const { openClient } = await import('./open-client.js');
      const opened = openClient(config.api, log, signal, settings);
      closers.push(() => opened.close());
      return opened;
    };
    const openOnce = (settings?: ClientSettings) => (client ??= open(settings));
    return work({
      ...session,
      config,
      client: openOnce,
      accounts: async () => (config.accounts.length > 0 ? config.accounts : accountsOfToken(await openOnce())),
      anew: (again) => withinApi(base, again),
    });
  });
}

/** An error of the database that nothing nearer to it has put into words; any other comes back as it is. */
function explain(error: unknown, database: Database | undefined): unknown {
  if (database === undefined || error instanceof LedgerError) return error;
  // Errors of the API client are LedgerErrors: what has an SQLSTATE or a network code comes from PostgreSQL or its driver.
  const { severity, code } = error as { severity?: string; code?: string };
  const isDatabases =
    severity !== undefined || /^(E[A-Z]+|\d{5})$/.test(code ?? '') || /^Connection /.test(messageOf(error));
  return isDatabases ? toLedgerError(error, database.describe) : error;
}

/** The first SIGINT or SIGTERM asks the command to end after the page in hand; a second one ends it at once. */
function stopOnSignals(log: Log): { signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(128 + osConstants.signals[name]);
    log.warn(`${name}: ending as soon as what is in hand is done; once more ends at once`);
    controller.abort(new InterruptedError(`Stopped by ${name}.`));
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    end: () => void process.off('SIGINT', onSignal).off('SIGTERM', onSignal),
  };
}

/** The mask that leaves files the given mode, and folders the same with the right to enter for those who may read. */
function maskFor(fileMode: number): number {
  return 0o777 & ~(fileMode | ((fileMode & 0o444) >> 2));
}
