import type { ArchiveLimits } from './limits.js';

/** What the configuration says about billing reports. */
export interface BillingSettings {
  /** Types that the night fetches. */
  types: readonly string[];
  /** How long a run waits for reports, in milliseconds; the next run goes on. */
  timeoutMs: number;
  keepArchivesDays: number;
  limits: ArchiveLimits;
  /** Bound of the first wait between two looks at a report, in milliseconds; it doubles up to a minute. Half a second unless told. */
  firstWaitMs?: number;
}

/** Bandwidth builds reports within hours. */
export const defaultTimeoutMs = 2 * 3_600_000;
