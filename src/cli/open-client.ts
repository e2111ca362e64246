import type { ApiConfig } from '../config.js';
import { type ClientEvent, createDashboardClient, type DashboardClient } from '../dashboard/client.js';
import type { Log } from '../log.js';

export interface ClientSettings {
  /** How often a request is tried; the client's own default unless told. */
  tries?: number;
  /** The clocks are compared by the caller: answers are read however far they differ. */
  anyClock?: boolean;
}

/** The API client of a command, telling the log of retries and pauses. */
export function openClient(
  api: ApiConfig,
  log: Log,
  signal: AbortSignal,
  { tries, anyClock = false }: ClientSettings = {},
): DashboardClient {
  return createDashboardClient({
    apiUrl: api.apiUrl,
    credentials: api.credentials,
    requestsPerMinute: api.requestsPerMinute,
    concurrency: api.concurrency,
    maxClockDifferenceMs: anyClock ? undefined : api.maxClockDifferenceMs,
    signal,
    ...(tries !== undefined && { retry: { tries } }),
    // A token comes every hour of every run: nothing that an operator needs to read.
    onEvent: (event) => log[event.type === 'token' ? 'debug' : 'info'](event, describeEvent(event)),
  });
}

function describeEvent(event: ClientEvent): string {
  switch (event.type) {
    case 'retry':
      return `${event.method} ${event.path} of account ${event.account}: ${event.reason}; trying again in ${seconds(event.waitMs)} (after try ${event.attempt})`;
    case 'pause':
      return `${event.method} ${event.path} of account ${event.account}: ${event.reason}; no request of the account for ${seconds(event.waitMs)}`;
    case 'token':
      return `New token, good for ${seconds(event.expiresInMs)}: ${event.reason}`;
    case 'token-retry':
      return `No token: ${event.reason}; trying again in ${seconds(event.waitMs)} (after try ${event.attempt})`;
  }
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
