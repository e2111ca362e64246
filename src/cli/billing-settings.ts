import { type BillingSettings, defaultTimeoutMs } from '../billing/settings.js';
import type { Config } from '../config.js';

/** The part of the configuration that billing reports need. */
export function billingSettings(config: Config, timeoutMs = defaultTimeoutMs): BillingSettings {
  const { billingTypes: types, keepArchivesDays, archiveLimits: limits } = config;
  return { types, keepArchivesDays, limits, timeoutMs };
}
