import type { DashboardClient } from '../dashboard/client.js';
import type { Database } from '../database/connect.js';
import type { Log } from '../log.js';

/** What the placing of orders and the waiting for their ends work with. */
export interface AssignContext {
  account: string;
  database: Database;
  client: DashboardClient;
  log: Log;
  /** Ends everything, with its reason; what was placed is found again by the next run. */
  signal: AbortSignal;
  /** Takes what deserves a word though the work goes on. */
  warn: (sentence: string) => void;
  /** Called with how many numbers are still to be placed. */
  expect: (numbers: number) => void;
  /** Called with how many numbers the order held that was just placed. */
  onPlaced: (numbers: number) => void;
  /** For tests, in place of the usual times. */
  timing?: Partial<Timing>;
}

/** Milliseconds. */
export interface Timing {
  /** How long an order may take to be listed after its request came in. */
  settleMs: number;
  /** The least age of an order that is asked for, and the least wait between two questions about it. */
  firstAgeMs: number;
}

export const usualTiming: Timing = { settleMs: 3000, firstAgeMs: 2000 };
