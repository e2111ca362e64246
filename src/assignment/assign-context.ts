import type { DashboardClient } from '../dashboard/client.js';
import type { Database } from '../database/connect.js';
import type { Log } from '../log.js';

/** Dependencies for placing orders and waiting for them to finish. */
export interface AssignContext {
  account: string;
  database: Database;
  client: DashboardClient;
  log: Log;
  /** Stops everything, with its reason; the next run finds what was placed. */
  signal: AbortSignal;
  /** Reports a problem that doesn't stop the work. */
  warn: (message: string) => void;
  /** Called with the number of telephone numbers still to be placed. */
  expect: (numbers: number) => void;
  /** Called with the number of telephone numbers in the order just placed. */
  onPlaced: (numbers: number) => void;
  /** Called right before an order is sent; throws if another process may hold the batch's lock. */
  assertLocked?: () => void;
  /** Overrides the default timing, for tests. */
  timing?: Partial<Timing>;
}

/** All in milliseconds. */
export interface Timing {
  /** How long after its request an order may take to appear in the list. */
  listingDelayMs: number;
  /** Minimum age of an order before its first poll, and minimum interval between polls. */
  firstAgeMs: number;
}

export const defaultTiming: Timing = { listingDelayMs: 3000, firstAgeMs: 2000 };
