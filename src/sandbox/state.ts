import type { AccountState } from './account.js';
import type { BillingOffice } from './billing/office.js';
import type { SandboxClock } from './clock.js';
import type { Credentials } from './credentials.js';
import type { FaultRates } from './faults.js';
import type { Oddities } from './oddities.js';
import type { RequestLog } from './request-log.js';

/** How `inserviceNumbers` answers where there are none. */
export type EmptyAnswer = '200' | '204' | '404';

/** Everything that a running sandbox knows. */
export interface SandboxState {
  readonly seed: number;
  readonly clock: SandboxClock;
  readonly accounts: ReadonlyMap<string, AccountState>;
  /** An account that exists but is not the user's. */
  readonly foreignAccountId: string;
  readonly credentials: Credentials;
  readonly log: RequestLog;
  /** Answers when the account's limit clears (epoch milliseconds) if the request is over it. */
  readonly admit: (accountId: string) => number | undefined;
  readonly billing: BillingOffice;
  faults: FaultRates;
  oddities: Oddities;
  readonly latency: number;
  readonly resetUnit: 'seconds' | 'milliseconds';
  readonly tokenLifetime: number;
  readonly lastPageNext: 'none' | 'self';
  readonly emptyAs: EmptyAnswer;
  readonly gzip: boolean;
}
