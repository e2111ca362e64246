import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { LedgerError, messageOf, UsageError } from '../errors.js';
import { type AccountState, createAccount, type SandboxAccount } from './account.js';
import { apiPath, createApp, tokenPath } from './app.js';
import type { BillingBehaviour, SandboxBilling } from './billing/behaviour.js';
import { type BillingOffice, createBillingOffice } from './billing/office.js';
import { createBlockSequence } from './blocks.js';
import { createClock, type SandboxClock } from './clock.js';
import { createCredentials, sandboxCredentials } from './credentials.js';
import { checkFaults, type FaultRates } from './faults.js';
import { checkOddities, type Oddities } from './oddities.js';
import type { AssignmentPace, OrderAmounts } from './orders/interface.js';
import { createRateLimit } from './rate-limit.js';
import { createRequestLog, type LoggedRequest } from './request-log.js';
import type { EmptyAnswer, SandboxState } from './state.js';

export type { SandboxAccount } from './account.js';
export type * from './billing/behaviour.js';
export type { Churned } from './churn.js';
export type { SandboxClock } from './clock.js';
export { type FaultKind, type FaultRates, faultKinds, parseFaults } from './faults.js';
export type { NumberPatch, SandboxNumber } from './number.js';
export { type Oddities, type OddityKind, oddityKinds, parseOddities } from './oddities.js';
export type * from './orders/interface.js';
export type * from './orders/truth.js';
export type { LoggedRequest } from './request-log.js';

export interface SandboxOptions extends OrderAmounts {
  /** 0 or absent: a free port. */
  port?: number;
  /** Numbers of the first account, 1000 unless told. */
  numbers?: number;
  /** In place of the one account 9900000. */
  accounts?: ReadonlyArray<{ id: string; numbers: number }>;
  /** The same seed and sizes give the same numbers, byte for byte. 1 unless told. */
  seed?: number;
  /** Milliseconds before every answer. */
  latency?: number;
  /** The sandbox's own limit per account in any 60 seconds; absent: none. */
  requestsPerMinute?: number;
  /** Unit of X-RateLimit-Reset, seconds unless told. */
  resetUnit?: 'seconds' | 'milliseconds';
  faults?: FaultRates;
  /** Answers that the API's documents allow and a client may not expect. */
  oddities?: Oddities;
  /** Seconds for which a token is good, 3600 unless told. */
  tokenLifetime?: number;
  /** What a list's last page says about a next one: nothing, or its own cursor again. */
  lastPageNext?: 'none' | 'self';
  /** How `inserviceNumbers` answers where there are none: 204 unless told. */
  emptyAs?: EmptyAnswer;
  /** Compress answers for clients that accept it. */
  gzip?: boolean;
  /**
   * End of the years of in-service dates, and of the orders that brought the numbers; a fixed day unless told, so that they
   * stay the same from day to day.
   */
  datesUntil?: Date;
  /** How many years of in-service dates there are, 6 unless told. */
  years?: number;
  /** How billing reports behave at first. */
  billing?: Partial<BillingBehaviour>;
  /** Where the sandbox's clock starts, the real time unless told; it runs on from there. */
  now?: Date;
  /** How long assignment orders that come by POST take; two reads unless told. */
  assignmentPace?: AssignmentPace;
  /** Whether the accounts have the feature TN_ASSIGNMENT, without which every declaration fails with 12752; true unless told. */
  mayAssign?: boolean;
}

/** A running sandbox: where it is, who may ask it, what it was asked, and what it holds. */
export interface Sandbox {
  /** Base address, up to and including `/api`. */
  readonly url: string;
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly username: string;
  readonly password: string;
  readonly accountIds: string[];
  /** An account that exists, but that the credentials may not see: 403. */
  readonly foreignAccountId: string;
  readonly clock: SandboxClock;
  /** Billing reports: those that were requested, and how the next ones behave. */
  readonly billing: SandboxBilling;
  /** In the order of arrival. */
  readonly requests: readonly LoggedRequest[];
  /** May be changed while the sandbox runs. */
  faults: FaultRates;
  /** May be changed while the sandbox runs. */
  oddities: Oddities;
  account(id: string): SandboxAccount;
  clearRequests(): void;
  /** Makes every token that was issued worthless. */
  revokeTokens(): void;
  /** Stops listening and ends open connections, stalled ones too. */
  close(): Promise<void>;
}

const mostNumbers = 20_000_000;
const mostOrders = 10_000_000;
const foreignAccountId = '9999999';
const usualDatesUntil = new Date('2026-01-01T00:00:00Z');

/**
 * Starts a Dashboard API of its own on 127.0.0.1, with numbers that follow from a seed.
 * @throws UsageError for options that make no sense, LedgerError where the port is taken.
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const state = createState(options);
  const app = createApp(state);
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as Server;
  // Longer than clients keep idle connections, so that no request meets a connection being closed.
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
    billing: state.billing.forTests,
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
          hint: `It has ${[...state.accounts.keys()].join(', ')}.`,
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
  const clock = createClock(options.now);
  const tokenLifetime = options.tokenLifetime ?? 3600;
  wholeNumber('tokenLifetime', tokenLifetime, { from: 0, to: 1_000_000_000 });
  return {
    seed,
    clock,
    billing: createOffice(seed, clock, options.billing),
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

function createOffice(seed: number, clock: SandboxClock, options: Partial<BillingBehaviour> = {}): BillingOffice {
  wholeNumber('billing records of a day', options.rowsPerDay ?? 0, { from: 0, to: 5_000_000 });
  const office = createBillingOffice(seed, clock);
  Object.assign(office.behaviour, options);
  return office;
}

function createAccounts(
  options: SandboxOptions,
  { seed, clock }: { seed: number; clock: SandboxClock },
): Map<string, AccountState> {
  const wanted = options.accounts ?? [{ id: '9900000', numbers: options.numbers ?? 1000 }];
  const blocks = createBlockSequence(seed);
  const until = Math.min((options.datesUntil ?? usualDatesUntil).getTime(), clock.now().getTime());
  const { years = 6, assignmentPace: pace = { reads: 2 }, mayAssign = true, open = 0 } = options;
  for (const name of ['orders', 'disconnects', 'portins', 'portouts', 'assignments', 'imports'] as const) {
    wholeNumber(name, options[name] ?? 0, { from: 0, to: mostOrders });
  }
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
    wholeNumber(`numbers of account ${id}`, numbers, { from: 0, to: mostNumbers });
    if (!/^\d+$/.test(id) || accounts.has(id) || id === foreignAccountId) {
      throw new UsageError(`The sandbox can't have an account '${id}'.`, {
        hint: `Account ids are digits, each one once; ${foreignAccountId} is the account that the credentials may not see.`,
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
          hint: 'Choose another port, or none for a free one.',
          cause,
        }),
      );
    });
    server.listen(port, '127.0.0.1', resolve);
  });
}
