import type { ApiConfig } from '../config.js';
import { createDashboardClient, type DashboardClient } from '../dashboard/client.js';
import type { Log } from '../log.js';

/** The API client of a command, telling the log of retries and pauses. */
export function openClient(api: ApiConfig, log: Log, signal: AbortSignal): DashboardClient {
  return createDashboardClient({
    apiUrl: api.apiUrl,
    credentials: api.credentials,
    requestsPerMinute: api.requestsPerMinute,
    concurrency: api.concurrency,
    signal,
    onEvent: (event) => log.info(event, 'Dashboard API'),
  });
}
