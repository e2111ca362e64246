import { constants as osConstants } from 'node:os';
import {
  type ApiReady,
  apiOf,
  type Config,
  type ConfigSource,
  type Credentials,
  describeUnknown,
  loadConfig,
} from '../config.js';
import type { DashboardClient } from '../dashboard/client.js';
import { type Database, type DatabaseOptions, openDatabase, toLedgerError } from '../database/connect.js';
import { isDatabaseError } from '../database/errors.js';
import { type ExitStatus, InterruptedError, LedgerError } from '../errors.js';
import { createLog, type Log } from '../log.js';
import { type ApiUsage, createApiUsage } from '../monitoring/api-usage.js';
import { folderMode } from '../output-file.js';
import { createRedactor, type Redact } from '../redact.js';
import { hasColors } from './colors.js';
import { printFailure } from './failure.js';
import { createPrintMessage, defaultLogFormat, type PrintMessage } from './messages.js';
import type { ClientSettings } from './open-client.js';
import { createStatusLine, type StatusLine } from './status-line.js';
import { readTokenAccounts } from './token-accounts.js';

/** The resources of a command. */
export interface Session {
  config: Config;
  log: Log;
  logFormat: 'pretty' | 'json';
  /** Prints a message on standard error, in the format of the log. */
  printMessage: PrintMessage;
  redact: Redact;
  /** Aborted by SIGINT and SIGTERM, with an InterruptedError. */
  signal: AbortSignal;
  /** Shows progress on a terminal; the log is printed above it. */
  statusLine: StatusLine;
  /** The API requests of this process. */
  apiUsage: ApiUsage;
  /** Opens a connection of its own to the database, which the caller closes. */
  openSeparately(
    options: Access & Pick<DatabaseOptions, 'applicationName' | 'maxConnections' | 'log' | 'signal'>,
  ): Promise<Database>;
  /** Opens the database on first use; closed at the end of the session. */
  database(options?: Access): Promise<Database>;
  /** The same for a command that only reads: the replica, if there is one. */
  databaseToRead(options?: Access): Promise<Database>;
}

type Access = Pick<DatabaseOptions, 'readOnly' | 'toleratesReadOnly'>;

export interface ApiSession extends Session {
  config: ApiReady;
  /**
   * Opens the API client of an account with these settings on first use; closed at the end of the session. Accounts with
   * the same credentials share a client. Without an account: the client of the first credentials.
   */
  client(account?: string, settings?: ClientSettings): Promise<DashboardClient>;
  /**
   * The accounts to work on: those in the accounts file or in BANDWIDTH_ACCOUNT_ID or, if it isn't set, those in the client's access token.
   *
   * @throws {UsageError} it isn't set, and the token lists no accounts
   */
  accounts(): Promise<readonly string[]>;
  /** Runs work with its own database and client, which are closed when it ends. For recurring work. */
  withOwnConnections<T>(work: (session: ApiSession) => Promise<T>): Promise<T>;
}

export type SettingsSource = Pick<ConfigSource, 'env' | 'cwd'>;

/** The default source of settings: the environment, and `.env` in the working folder. */
export function processSettings(): SettingsSource {
  return { env: process.env, cwd: process.cwd() };
}

/** Runs a command that uses the Dashboard API. */
export async function withApiSession(
  source: SettingsSource,
  work: (session: ApiSession) => Promise<ExitStatus>,
): Promise<void> {
  const config = loadConfig({ ...source, needsApi: true });
  await runCommand(config, (base) => withinApi({ ...base, config }, work));
}

/** Runs a command that only needs the database. */
export async function withSession(
  source: SettingsSource,
  work: (session: Session) => Promise<ExitStatus>,
): Promise<void> {
  const config = loadConfig({ ...source, needsApi: false });
  await runCommand(config, (base) => within(base, work));
}

/** Shared by all sessions of a process. */
type Base<C extends Config = Config> = Pick<
  Session,
  'log' | 'logFormat' | 'printMessage' | 'redact' | 'signal' | 'statusLine' | 'apiUsage'
> & {
  config: C;
  /** Adds a secret to the redactor that was not known at the start. */
  addSecret(value: string): void;
};

type Closers = (() => Promise<void>)[];

async function runCommand(config: Config, work: (base: Base) => Promise<ExitStatus>): Promise<void> {
  const secrets = new Set(config.secrets);
  let redactor = createRedactor([...secrets]);
  const redact: Redact = (text) => redactor(text);
  const statusLine = createStatusLine(process.stderr);
  const logFormat = config.logFormat ?? defaultLogFormat();
  const write = statusLine.printAbove;
  const log = createLog({ level: config.logLevel, format: logFormat, color: hasColors(process.stderr), redact, write });
  const printMessage = createPrintMessage({ format: logFormat, log, redact, write });
  for (const warning of config.warnings) log.warn(warning);
  for (const variable of config.unknownVariables) log.debug(describeUnknown(variable));
  // Applies to all files, including those written by libraries: call records and assignment results are confidential.
  process.umask(0o777 & ~folderMode(config.fileMode));
  const stop = stopOnSignals(log);
  const addSecret = (value: string) => {
    redactor = createRedactor([...secrets.add(value)]);
  };
  const apiUsage = createApiUsage();
  const base = { config, log, logFormat, printMessage, redact, statusLine, signal: stop.signal, apiUsage, addSecret };
  try {
    process.exitCode = await work(base);
  } catch (error) {
    process.exitCode = printFailure(error, printMessage);
  }
  stop.end();
}

async function within<T>(base: Base, work: (session: Session, closers: Closers) => Promise<T>): Promise<T> {
  const { config, log, logFormat, printMessage, redact, statusLine, signal, apiUsage } = base;
  const closers: Closers = [];
  let database: Promise<Database> | undefined;
  let replica: Promise<Database> | undefined;
  const open = async (databaseUrl: string | undefined, options: Partial<DatabaseOptions>) => {
    const opened = await openDatabase({
      databaseUrl,
      dataDir: config.dataDir,
      lockTimeoutMs: config.lockTimeoutMs,
      lanes: config.concurrentAccounts,
      applicationName: 'tn-ledger',
      signal,
      log: (message) => log.info(message),
      debug: (message) => log.debug(message),
      ...options,
    });
    // The embedded server's password isn't in the settings, so the redactor doesn't know it yet.
    if (opened.embedded) base.addSecret(decodeURIComponent(new URL(opened.url).password));
    return opened;
  };
  const openOnce = async (databaseUrl: string | undefined, options: Access) => {
    const opened = await open(databaseUrl, options);
    closers.push(() => opened.close());
    return opened;
  };
  const session: Session = {
    config,
    log,
    logFormat,
    printMessage,
    redact,
    statusLine,
    signal,
    apiUsage,
    openSeparately: (options) => open(config.databaseUrl, options),
    database: (options = {}) => (database ??= openOnce(config.databaseUrl, options)),
    databaseToRead: (options = {}) => {
      if (config.readUrl === undefined) return session.database(options);
      replica ??= openOnce(config.readUrl, options);
      return replica;
    },
  };
  try {
    return await work(session, closers);
  } catch (error) {
    const explained = explain(error, await (replica ?? database)?.catch(() => undefined));
    throw replica === undefined ? explained : aboutReplica(explained);
  } finally {
    for (const close of closers.reverse()) {
      try {
        await close();
      } catch (error) {
        log.warn(`A resource could not be closed cleanly: ${redact(String(error))}`);
      }
    }
  }
}

async function withinApi<T>(base: Base<ApiSession['config']>, work: (session: ApiSession) => Promise<T>): Promise<T> {
  const { config, log, signal } = base;
  return within(base, async (session, closers) => {
    const clients = new Map<Credentials, Promise<DashboardClient>>();
    const open = async (account?: string, settings?: ClientSettings) => {
      const [{ openClient }, { createRequestLeases }] = await Promise.all([
        import('./open-client.js'),
        import('../database/request-leases.js'),
      ]);
      const opened = openClient(
        config,
        account,
        createRequestLeases(session.database),
        log,
        signal,
        session.apiUsage.record,
        settings,
      );
      closers.push(() => opened.close());
      return opened;
    };
    const openOnce = (account?: string, settings?: ClientSettings) => {
      const { credentials } = account === undefined ? config.api : apiOf(config, account);
      const client = clients.get(credentials) ?? open(account, settings);
      clients.set(credentials, client);
      return client;
    };
    return work({
      ...session,
      config,
      client: openOnce,
      accounts: async () => (config.accounts.length > 0 ? config.accounts : readTokenAccounts(await openOnce())),
      withOwnConnections: (inner) => withinApi(base, inner),
    });
  });
}

/** Names the setting of the replica where the error names that of the server. */
function aboutReplica(error: unknown): unknown {
  if (!(error instanceof LedgerError)) return error;
  const rename = (text: string) =>
    text
      .replaceAll('DATABASE_URL', 'TN_LEDGER_READ_URL')
      .replace('to use the embedded database', 'to use the server of DATABASE_URL');
  return Object.assign(error, {
    message: rename(error.message),
    ...(error.hint !== undefined && { hint: rename(error.hint) }),
  });
}

/** Converts a raw database error to a LedgerError; any other error is returned unchanged. */
export function explain(error: unknown, database: Pick<Database, 'describe'> | undefined): unknown {
  if (database === undefined || error instanceof LedgerError) return error;
  // The API client only throws LedgerErrors.
  return isDatabaseError(error) ? toLedgerError(error, database.describe) : error;
}

/** The first SIGINT or SIGTERM stops the command after the current page; the second stops it immediately. */
function stopOnSignals(log: Log): { signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(128 + osConstants.signals[name]);
    log.warn(`${name}: stopping after the current step; send it again to stop immediately`);
    controller.abort(new InterruptedError(`Stopped by ${name}.`));
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    end: () => void process.off('SIGINT', onSignal).off('SIGTERM', onSignal),
  };
}
