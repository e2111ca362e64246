import type { AccountState } from './account.js';
import type { BillingReportStore } from './billing/report-store.js';
import type { SandboxClock } from './clock.js';
import type { Credentials } from './credentials.js';
import type { FaultRates } from './faults.js';
import type { Oddities } from './oddities.js';
import type { SandboxRateCenter } from './rate-centers.js';
import type { InstanceStore } from './reports/instance-store.js';
import type { RequestLog } from './request-log.js';

/** The `inserviceNumbers` response for an empty list. */
export type EmptyAnswer = '200' | '204' | '404';

/** The state of a running sandbox. */
export interface SandboxState {
  readonly seed: number;
  readonly clock: SandboxClock;
  readonly accounts: ReadonlyMap<string, AccountState>;
  /** An account that exists but does not belong to the user. */
  readonly foreignAccountId: string;
  readonly credentials: Credentials;
  readonly log: RequestLog;
  /** If the request exceeds the rate limit of the account, returns when the limit clears (epoch milliseconds). */
  readonly admit: (accountId: string) => number | undefined;
  readonly billing: BillingReportStore;
  readonly reports: InstanceStore;
  readonly rateCenters: SandboxRateCenter[];
  faults: FaultRates;
  oddities: Oddities;
  readonly latency: number;
  readonly resetUnit: 'seconds' | 'milliseconds';
  readonly tokenLifetime: number;
  readonly lastPageNext: 'none' | 'self';
  readonly emptyAs: EmptyAnswer;
  readonly gzip: boolean;
}
