import { type ApiReady, apiOf } from '../config.js';
import { type ClientEvent, createDashboardClient, type DashboardClient } from '../dashboard/client.js';
import type { Log } from '../log.js';
import type { Permits } from '../permits.js';

export interface ClientSettings {
  /** Maximum number of attempts per request; defaults to the client's. */
  tries?: number;
  /** Accept responses whatever the clock difference, because the caller compares the clocks. */
  anyClock?: boolean;
}

/**
 * Creates the API client of an account, and of all accounts with the same credentials; without an account, of the
 * configuration's first credentials. It logs every event, and passes it on.
 */
export function openClient(
  config: ApiReady,
  account: string | undefined,
  permits: Permits,
  log: Log,
  signal: AbortSignal,
  onEvent: (event: ClientEvent) => void,
  { tries, anyClock = false }: ClientSettings = {},
): DashboardClient {
  const api = account === undefined ? config.api : apiOf(config, account);
  return createDashboardClient({
    apiUrl: api.apiUrl,
    credentials: api.credentials,
    requestsPerMinute: api.requestsPerMinute,
    concurrency: api.concurrency,
    limitsFor: (each) => {
      const { requestsPerMinute, concurrency } = apiOf(config, each);
      return { requestsPerMinute, concurrency };
    },
    permits,
    maxClockDifferenceMs: anyClock ? undefined : api.maxClockDifferenceMs,
    timeouts: { totalMs: api.requestTimeoutMs },
    maxBodyBytes: api.maxBodyBytes,
    signal,
    ...(tries !== undefined && { retry: { tries } }),
    onEvent: (event) => {
      onEvent(event);
      // Tokens and responses are routine, so they are logged at debug level.
      const level = event.type === 'token' || event.type === 'response' ? 'debug' : 'info';
      if (log.isLevelEnabled(level)) log[level](event, describeEvent(event));
    },
  });
}

function describeEvent(event: ClientEvent): string {
  switch (event.type) {
    case 'response':
      return `${event.method} ${event.path} of account ${event.account}: ${event.status ?? 'no complete response'} after ${seconds(event.elapsedMs)} (attempt ${event.attempt})`;
    case 'retry':
      return `${event.method} ${event.path} of account ${event.account}: ${event.reason}; retrying in ${seconds(event.waitMs)} (after attempt ${event.attempt})`;
    case 'pause':
      return `${event.method} ${event.path} of account ${event.account}: ${event.reason}; pausing requests of the account for ${seconds(event.waitMs)}`;
    case 'token':
      return `New token, valid for ${seconds(event.expiresInMs)}: ${event.reason}`;
    case 'token-retry':
      return `Cannot get a token: ${event.reason}; retrying in ${seconds(event.waitMs)} (after attempt ${event.attempt})`;
  }
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
