import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { jobs } from '../../../jobs/index.js';
import { defaultTimeoutMs } from '../../../src/billing/fetch-reports.js';
import type { JobLimits } from '../../../src/config.js';
import {
  createDashboardClient,
  type DashboardClient,
  type DashboardClientOptions,
} from '../../../src/dashboard/client.js';
import type { Database } from '../../../src/database/connect.js';
import { createLog } from '../../../src/log.js';
import type { AssignmentReportOptions, BillingJobOptions, JobOptions, RunReport } from '../../../src/run/job.js';
import { type RunEnvironment, runJob } from '../../../src/run/run-job.js';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../../src/sandbox/server.js';
import { openLedgerDatabase } from '../../support/ledger-database.js';
import { localPermits } from '../../support/permits.js';
import type { TestServer } from '../../support/postgres.js';
import { type SandboxProxy, startProxy } from './proxy.js';

/** The sandbox's only account by default. */
export const account = '9900000';

/** A test's own ledger: a sandbox behind a proxy, an empty database with the schema, and a client. */
export interface Ledger {
  sandbox: Sandbox;
  proxy: SandboxProxy;
  database: Database;
  /** The data folder of its jobs. */
  dataDir: string;
  /** The environment for the command line to use the same ledger. */
  env: Record<string, string>;
  /** The log lines, as JSON. */
  log: string[];
  run(job: string, options?: RunOptions): Promise<RunReport>;
  /** The environment of its jobs. */
  environment(): RunEnvironment;
  /** A second client, with other options, for the same API. */
  openClient(options?: Partial<DashboardClientOptions>): DashboardClient;
  query<T = Record<string, unknown>>(sql: string, values?: unknown[]): Promise<T[]>;
}

export interface RunOptions extends Partial<JobOptions> {
  account?: string;
  signal?: AbortSignal;
  client?: DashboardClient;
  billing?: Partial<BillingJobOptions>;
  assignmentReport?: Partial<AssignmentReportOptions>;
  /** Another database than the ledger's own. */
  database?: Database;
  /** Replaces the sandbox’s clock. */
  now?: Date;
  keepNotes?: boolean;
}

export interface LedgerOptions {
  /** Billing reports: no types by default. */
  billing?: Partial<BillingJobOptions>;
  /** Assignment reports: off by default. */
  assignmentReport?: Partial<AssignmentReportOptions>;
  /** Off by default. */
  keepNotes?: boolean;
  sandbox?: SandboxOptions;
  client?: Partial<DashboardClientOptions>;
  pageSize?: number;
}

/** No orders by default: they would only slow down tests about numbers. */
export const withoutOrders = { orders: 0, disconnects: 0, portins: 0, portouts: 0, assignments: 0 } as const;

/** The defaults of the configuration; but no histories of numbers, which no order explains in most tests. */
export const usualLimits = {
  nightLimitMs: 4 * 3_600_000,
  numberHistoriesPerNight: 0,
  jobDeadlineMs: 24 * 3_600_000,
  maxListEntries: 10_000_000,
  minPageFill: 0.01,
} satisfies JobLimits;

/** The configuration's settings with short waits for a fast test. */
export function billingSettings(settings: Partial<BillingJobOptions> = {}): BillingJobOptions {
  const limits = { entries: 100, ratio: 200, uncompressedBytes: 200e9 };
  const download = { bytesPerSecond: 10_000, extraMs: 15 * 60_000 };
  return {
    types: [],
    timeoutMs: defaultTimeoutMs,
    keepArchivesDays: 400,
    limits,
    download,
    firstWaitMs: 1,
    ...settings,
  };
}

/** Off unless a test is about it, with short waits. */
export function assignmentReportSettings(settings: Partial<AssignmentReportOptions> = {}): AssignmentReportOptions {
  return { schedule: 'off', formFile: undefined, timeoutMs: 60_000, firstWaitMs: 1, ...settings };
}

/** Opens a ledger that closes at the end of the test. */
export async function openLedger(
  t: ExecutionContext<unknown>,
  server: TestServer,
  options: LedgerOptions = {},
): Promise<Ledger> {
  const sandbox = await startSandbox({ numbers: 2000, ...withoutOrders, ...options.sandbox });
  const proxy = await startProxy({
    target: sandbox.url,
    ...(options.pageSize !== undefined && { pageSize: options.pageSize }),
  });
  const dataDir = await mkdtemp(join(tmpdir(), 'tn-ledger-data-'));
  const lines: string[] = [];
  const { database, url } = await openLedgerDatabase(t, server, {
    dataDir,
    log: (message) => void lines.push(message),
  });
  const log = createLog({
    level: 'debug',
    format: 'json',
    redact: (text) => text,
    write: (line) => void lines.push(line),
  });
  const openClient = (more: Partial<DashboardClientOptions> = {}) =>
    createDashboardClient({
      apiUrl: proxy.url,
      credentials: {
        kind: 'oauth',
        clientId: sandbox.clientId,
        clientSecret: sandbox.clientSecret,
        tokenUrl: proxy.tokenUrl,
      },
      requestsPerMinute: 1_000_000,
      permits: localPermits(),
      concurrency: 4,
      ...more,
    });
  const client = openClient(options.client);
  t.teardown(async () => {
    await client.close();
    await proxy.close();
    await sandbox.close();
    await rm(dataDir, { recursive: true });
  });
  const environment = (): RunEnvironment => ({
    accounts: sandbox.accountIds,
    assignmentReport: assignmentReportSettings(options.assignmentReport),
    billing: billingSettings(options.billing),
    dataDir,
    inboxUsers: new Set([process.getuid?.() ?? 0, 0]),
    keepReportsDays: 400,
    keepNotes: options.keepNotes ?? false,
    requestsPerMinute: 1_000_000,
    database,
    client,
    log,
    signal: new AbortController().signal,
    progress: { start: () => ({ expect() {}, advance() {}, stop() {} }) },
    now: () => sandbox.clock.now(),
  });
  return {
    sandbox,
    proxy,
    database,
    dataDir,
    log: lines,
    env: {
      BANDWIDTH_ACCOUNT_ID: sandbox.accountIds.join(','),
      BANDWIDTH_CLIENT_ID: sandbox.clientId,
      BANDWIDTH_CLIENT_SECRET: sandbox.clientSecret,
      BANDWIDTH_API_URL: proxy.url,
      BANDWIDTH_TOKEN_URL: proxy.tokenUrl,
      BANDWIDTH_REQUESTS_PER_MINUTE: '1000000',
      DATABASE_URL: url,
    },
    openClient,
    environment,
    run(
      name,
      {
        account: of = account,
        signal,
        client: other,
        billing,
        assignmentReport,
        database: otherDatabase,
        now,
        keepNotes,
        ...jobOptions
      } = {},
    ) {
      const job = jobs.find((each) => each.name === name);
      if (job === undefined) throw new Error(`there is no job ${name}`);
      const own = {
        ...environment(),
        billing: billingSettings(billing ?? options.billing),
        assignmentReport: assignmentReportSettings(assignmentReport ?? options.assignmentReport),
        ...(other !== undefined && { client: other }),
        ...(signal !== undefined && { signal }),
        ...(otherDatabase !== undefined && { database: otherDatabase }),
        ...(now !== undefined && { now: () => now }),
        ...(keepNotes !== undefined && { keepNotes }),
      };
      return runJob(job, of, own, {
        maxShrink: 0.2,
        acceptShrink: false,
        ...usualLimits,
        followedBy: new Set(),
        ...jobOptions,
      });
    },
    async query(sql, values = []) {
      return (await database.pool.query(sql, values)).rows;
    },
  };
}

/** Contents and row versions of all tables except the run log, for a comparison before and after. */
export async function versionsOf(ledger: Pick<Ledger, 'query'>): Promise<Record<string, unknown>> {
  const tables = [
    ...['telephone_numbers', 'telephone_number_versions', 'number_status_history', 'number_status_history_superseded'],
    ...['number_assignment_history', 'number_assignment_history_superseded', 'sync_cursors'],
  ];
  const versions: Record<string, unknown> = {};
  for (const table of tables) {
    const [row] = await ledger.query(
      `select count(*)::int as count, md5(string_agg(x.line, '' order by x.line)) as sum
         from (select xmin::text || ctid::text || t::text as line from ${table} t) as x`,
    );
    versions[table] = row;
  }
  return versions;
}

/** What a finished run must not leave behind. */
export async function leftovers(ledger: Pick<Ledger, 'query'>): Promise<unknown[]> {
  return [
    ...(await ledger.query('select listing from sync_cursors')),
    ...(await ledger.query(`select relname from pg_class where relnamespace = to_regnamespace('tn_ledger_staging')`)),
    ...(await ledger.query(`select job, status from sync_runs where status = 'running'`)),
  ];
}
