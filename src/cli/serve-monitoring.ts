import { collectDefaultMetrics, Registry } from 'prom-client';
import type { HttpSettings } from '../config.js';
import { UsageError } from '../errors.js';
import type { Log } from '../log.js';
import { createPages } from '../monitoring/pages.js';
import { type MonitoringServer, type MonitoringServerOptions, startMonitoringServer } from '../monitoring/server.js';
import { openLedgerReader } from './open-ledger-reader.js';
import type { Session } from './session.js';

/** Default metrics of the library that `promtool check metrics` rejects: gauges with the suffix of counters. */
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/**
 * Serves `TN_LEDGER_HTTP` while the work runs.
 *
 * @throws {UsageError} an address that was set can't be used
 */
export async function whileMonitored(session: Session, work: () => Promise<void>): Promise<void> {
  const { config, log, redact, signal, apiUsage } = session;
  if (config.http === undefined) return work();
  const reader = openLedgerReader(session);
  const processMetrics = new Registry();
  const { dataDir } = config;
  const answer = createPages({
    ...{ reader, dataDir, processMetrics, redact, usage: apiUsage.read },
    isStopping: () => signal.aborted,
  });
  const server = await serveMonitoring(config.http, answer, log);
  if (server !== undefined) {
    collectDefaultMetrics({ register: processMetrics });
    for (const name of misnamed) processMetrics.removeSingleMetric(name);
  }
  try {
    await work();
  } finally {
    await server?.close();
    await reader.close();
  }
}

/**
 * Starts the server. Returns undefined, with a warning, if the default address is taken, as by another process on the same host.
 *
 * @throws {UsageError} an address that was set can't be used
 */
export async function serveMonitoring(
  http: HttpSettings,
  answer: MonitoringServerOptions['answer'],
  log: Pick<Log, 'info' | 'warn'>,
): Promise<MonitoringServer | undefined> {
  try {
    const server = await startMonitoringServer({ ...http, answer, log });
    log.info(`Health, metrics and reports are served at ${server.url}`);
    return server;
  } catch (error) {
    if (!http.isDefault || !(error instanceof UsageError)) throw error;
    log.warn(
      `This process serves no health, metrics or reports. ${error.message} To serve them too, set TN_LEDGER_HTTP for this process, such as 127.0.0.1:${http.port + 1}.`,
    );
    return undefined;
  }
}
