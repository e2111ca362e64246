import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { LedgerError, messageOf, UsageError } from '../errors.js';
import { type AccountState, createAccount, type SandboxAccount } from './account.js';
import { apiPath, createApp, type SandboxApp, tokenPath } from './app.js';
import type { BillingBehavior, SandboxBilling } from './billing/behavior.js';
import { type BillingReportStore, createBillingReportStore } from './billing/report-store.js';
import { createBlockSequence } from './blocks.js';
import { createClock, type SandboxClock } from './clock.js';
import { createCredentials, sandboxCredentials } from './credentials.js';
import { checkFaults, type FaultRates } from './faults.js';
import { checkOddities, type Oddities } from './oddities.js';
import { wholeSeconds } from './orders/build.js';
import { type AssignmentPace, amountNames, type OrderAmounts } from './orders/interface.js';
import { createRateCenters, type SandboxRateCenter } from './rate-centers.js';
import { createRateLimit } from './rate-limit.js';
import type { ReportBehavior, SandboxReports } from './reports/behavior.js';
import { createInstanceStore, type InstanceStore } from './reports/instance-store.js';
import { createRequestLog, type LoggedRequest } from './request-log.js';
import type { EmptyAnswer, SandboxState } from './state.js';

export type { SandboxAccount } from './account.js';
export type * from './billing/behavior.js';
export type { Churned } from './churn.js';
export type { SandboxClock } from './clock.js';
export { type FaultKind, type FaultRates, faultKinds, parseFaults } from './faults.js';
export type { SandboxFeatureOrder } from './feature-orders.js';
export type { SandboxLocation, SandboxLocations, SandboxSite } from './locations.js';
export type { NumberPatch, SandboxNumber } from './number.js';
export type { SandboxNumberEvent } from './number-events.js';
export { type Oddities, type OddityKind, oddityKinds, parseOddities } from './oddities.js';
export type * from './orders/interface.js';
export { amountNames } from './orders/interface.js';
export type { Misbehavior, OrderQuirk } from './orders/misbehavior.js';
export type * from './orders/order-types.js';
export type * from './reports/behavior.js';
export type { LoggedRequest } from './request-log.js';

export interface SandboxOptions extends OrderAmounts {
  /** 0 or omitted: any free port. */
  port?: number;
  /** Numbers of the first account; 1000 by default. */
  numbers?: number;
  /** Replaces the default account 9900000. */
  accounts?: ReadonlyArray<{ id: string; numbers: number }>;
  /** The same seed and sizes produce the same numbers, byte for byte. 1 by default. */
  seed?: number;
  /** Delay before every response, in milliseconds. */
  latency?: number;
  /** Rate limit per account in any 60 seconds; no limit by default. */
  requestsPerMinute?: number;
  /** Unit of X-RateLimit-Reset; seconds by default. */
  resetUnit?: 'seconds' | 'milliseconds';
  faults?: FaultRates;
  /** Responses that the API documentation allows but a client may not expect. */
  oddities?: Oddities;
  /** Token lifetime in seconds; 3600 by default. */
  tokenLifetime?: number;
  /** What the last page of a list has as its next link: none, or its own cursor again. */
  lastPageNext?: 'none' | 'self';
  /** The `inserviceNumbers` response for an empty list; 204 by default. */
  emptyAs?: EmptyAnswer;
  /** Compress responses for clients that accept it. */
  gzip?: boolean;
  /**
   * End of the range of in-service dates and of the orders that added the numbers. A fixed day by default, so that they
   * stay the same from day to day.
   */
  datesUntil?: Date;
  /** Length of the range of in-service dates in years; 6 by default. */
  years?: number;
  /** Initial behavior of billing reports. */
  billing?: Partial<BillingBehavior>;
  /** Initial behavior of report instances. */
  reports?: Partial<ReportBehavior>;
  /** Initial time of the sandbox clock, which runs on from there; the real time by default. */
  now?: Date;
  /** Whether the sandbox clock stands still, so that equal requests give equal answers; only tests move it then. */
  clockStandsStill?: boolean;
  /** How long assignment orders placed by POST take; two reads by default. */
  assignmentPace?: AssignmentPace;
  /** Extends the application before the sandbox listens: tests use it to administer a sandbox in another process. */
  extend?: (app: SandboxApp, state: SandboxState) => void;
  /**
   * Whether the accounts have the TN_ASSIGNMENT feature, without which every assignment order fails with 12752; true by
   * default.
   */
  mayAssign?: boolean;
}

/** A running sandbox: its URLs, credentials, request log and data. */
export interface Sandbox {
  /** Base URL, up to and including `/api`. */
  readonly url: string;
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly username: string;
  readonly password: string;
  readonly accountIds: string[];
  /** An account that exists but that the credentials can't access: 403. */
  readonly foreignAccountId: string;
  readonly clock: SandboxClock;
  /** What `coveredRateCenters` lists; tests may change it. */
  readonly rateCenters: SandboxRateCenter[];
  /** Billing reports: the ones requested so far, and how the next ones behave. */
  readonly billing: SandboxBilling;
  /** Instances of reports: the ones created so far, and how the next ones behave. */
  readonly reports: SandboxReports;
  /** In the order of arrival. */
  readonly requests: readonly LoggedRequest[];
  /** May be changed while the sandbox runs. */
  faults: FaultRates;
  /** May be changed while the sandbox runs. */
  oddities: Oddities;
  account(id: string): SandboxAccount;
  clearRequests(): void;
  /** Invalidates all issued tokens. */
  revokeTokens(): void;
  /** Stops listening and closes open connections, including stalled ones. */
  close(): Promise<void>;
}

const maxNumbers = 20_000_000;
const maxOrders = 10_000_000;
const foreignAccountId = '9999999';
const defaultDatesUntil = new Date('2026-01-01T00:00:00Z');

/**
 * Starts a sandbox Dashboard API on 127.0.0.1, with numbers that depend on a seed.
 * @throws {UsageError} for invalid options
 * @throws {LedgerError} if the port is in use
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const state = createState(options);
  const app = createApp(state);
  options.extend?.(app, state);
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as Server;
  // Longer than clients keep idle connections, so that no request hits a connection that is being closed.
  server.keepAliveTimeout = 120_000;
  await listen(server, options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  return {
    ...sandboxCredentials,
    url: `${origin}${apiPath}`,
    tokenUrl: `${origin}${tokenPath}`,
    accountIds: [...state.accounts.keys()],
    foreignAccountId,
    clock: state.clock,
    rateCenters: state.rateCenters,
    billing: state.billing.testInterface,
    reports: state.reports.testInterface,
    requests: state.log.entries,
    get faults() {
      return state.faults;
    },
    set faults(rates) {
      state.faults = rates;
    },
    get oddities() {
      return state.oddities;
    },
    set oddities(oddities) {
      state.oddities = oddities;
    },
    account(id) {
      const account = state.accounts.get(id);
      if (account === undefined) {
        throw new LedgerError(`The sandbox has no account ${id}.`, {
          hint: `Its accounts: ${[...state.accounts.keys()].join(', ')}.`,
        });
      }
      return account;
    },
    clearRequests: state.log.clear,
    revokeTokens: state.credentials.revokeTokens,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function createState(options: SandboxOptions): SandboxState {
  const seed = options.seed ?? 1;
  wholeNumber('seed', seed, { from: 0, to: 0xffff_ffff });
  wholeNumber('latency', options.latency ?? 0, { from: 0, to: 3_600_000 });
  wholeNumber('requestsPerMinute', options.requestsPerMinute ?? 1, { from: 1, to: Number.MAX_SAFE_INTEGER });
  const clock = createClock(options.now, options.clockStandsStill);
  const tokenLifetime = options.tokenLifetime ?? 3600;
  wholeNumber('tokenLifetime', tokenLifetime, { from: 0, to: 1_000_000_000 });
  return {
    seed,
    clock,
    billing: createBillingStore(seed, clock, options.billing),
    reports: createReportStore(clock, options.reports),
    rateCenters: createRateCenters(),
    accounts: createAccounts(options, { seed, clock }),
    foreignAccountId,
    credentials: createCredentials(tokenLifetime),
    log: createRequestLog(),
    admit: createRateLimit(options.requestsPerMinute),
    faults: checkFaults(options.faults ?? {}),
    oddities: checkOddities(options.oddities ?? {}),
    latency: options.latency ?? 0,
    resetUnit: options.resetUnit ?? 'seconds',
    tokenLifetime,
    lastPageNext: options.lastPageNext ?? 'none',
    emptyAs: options.emptyAs ?? '204',
    gzip: options.gzip ?? false,
  };
}

function createBillingStore(
  seed: number,
  clock: SandboxClock,
  options: Partial<BillingBehavior> = {},
): BillingReportStore {
  wholeNumber('billing records of a day', options.rowsPerDay ?? 0, { from: 0, to: 5_000_000 });
  const store = createBillingReportStore(seed, clock);
  Object.assign(store.behavior, options);
  return store;
}

function createReportStore(clock: SandboxClock, options: Partial<ReportBehavior> = {}): InstanceStore {
  const store = createInstanceStore(clock);
  Object.assign(store.behavior, options);
  return store;
}

function createAccounts(
  options: SandboxOptions,
  { seed, clock }: { seed: number; clock: SandboxClock },
): Map<string, AccountState> {
  const wanted = options.accounts ?? [{ id: '9900000', numbers: options.numbers ?? 1000 }];
  const blocks = createBlockSequence(seed);
  // Some dates of orders are written in whole seconds.
  const until = wholeSeconds(Math.min((options.datesUntil ?? defaultDatesUntil).getTime(), clock.now().getTime()));
  const { years = 6, assignmentPace: pace = { reads: 2 }, mayAssign = true, open = 0 } = options;
  for (const name of amountNames) wholeNumber(name, options[name] ?? 0, { from: 0, to: maxOrders });
  wholeNumber('years', years, { from: 1, to: 30 });
  wholeNumber('reads of an assignment order', 'reads' in pace ? pace.reads : 0, { from: 0, to: 1000 });
  wholeNumber('milliseconds of an assignment order', 'ms' in pace ? pace.ms : 0, { from: 0, to: 1e12 });
  if (!(open >= 0 && open <= 1)) {
    throw new UsageError(`The sandbox's share of open orders must be from 0 to 1, not ${open}.`);
  }
  if (wanted.length === 0) {
    throw new UsageError('The sandbox needs at least one account.');
  }
  const accounts = new Map<string, AccountState>();
  for (const [ordinal, { id, numbers }] of wanted.entries()) {
    wholeNumber(`numbers of account ${id}`, numbers, { from: 0, to: maxNumbers });
    if (!/^\d+$/.test(id) || accounts.has(id) || id === foreignAccountId) {
      throw new UsageError(`The sandbox can't have an account '${id}'.`, {
        hint: `Account IDs must be unique and consist of digits; ${foreignAccountId} is reserved for the account that the credentials can't access.`,
      });
    }
    accounts.set(
      id,
      createAccount({
        ...{ id, numbers, ordinal, accounts: wanted.length, seed, blocks, until, years, clock, pace, mayAssign },
        amounts: options,
      }),
    );
  }
  return accounts;
}

function wholeNumber(name: string, value: number, { from, to }: { from: number; to: number }): void {
  if (!Number.isSafeInteger(value) || value < from || value > to) {
    throw new UsageError(`The sandbox's ${name} must be a whole number from ${from} to ${to}, not ${value}.`);
  }
}

function listen(server: Server, port: number): Promise<void> {
  wholeNumber('port', port, { from: 0, to: 65_535 });
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new LedgerError(`The sandbox can't listen on 127.0.0.1:${port}: ${messageOf(cause)}.`, {
          hint: 'Choose another port, or omit the port to use a free one.',
          cause,
        }),
      );
    });
    server.listen(port, '127.0.0.1', resolve);
  });
}
