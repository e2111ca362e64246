import { collectDefaultMetrics, Registry } from 'prom-client';
import type { HttpSettings } from '../config.js';
import { UsageError } from '../errors.js';
import { createPages } from '../monitoring/pages.js';
import { startMonitoringServer } from '../monitoring/server.js';
import { openLedgerReader } from './open-ledger-reader.js';
import type { Session } from './session.js';

/**
 * Serves `TN_LEDGER_HTTP` while the work runs. If the default address is taken, as by another process on the same host, the
 * work runs without it, with a warning.
 *
 * @throws {UsageError} an address that was set can't be used
 */
export async function whileMonitored(session: Session, work: () => Promise<void>): Promise<void> {
  const { http } = session.config;
  const close = http === undefined ? undefined : await serve(session, http);
  try {
    await work();
  } finally {
    await close?.();
  }
}

/** Returns the function that ends it; undefined if the default address is taken. */
async function serve(session: Session, http: HttpSettings): Promise<(() => Promise<void>) | undefined> {
  const { config, log, signal, apiUsage } = session;
  const reader = openLedgerReader(session);
  const processMetrics = new Registry();
  const { dataDir } = config;
  const answer = createPages({
    ...{ reader, dataDir, processMetrics, usage: apiUsage.read },
    isStopping: () => signal.aborted,
  });
  try {
    const server = await startMonitoringServer({ ...http, answer, log });
    collectDefaultMetrics({ register: processMetrics });
    log.info(`Health, metrics and reports are served at ${server.url}`);
    return async () => {
      await server.close();
      await reader.close();
    };
  } catch (error) {
    if (!http.isDefault || !(error instanceof UsageError)) throw error;
    log.warn(
      `This process serves no health, metrics and reports. ${error.message} To serve them too, set TN_LEDGER_HTTP for this process, such as 127.0.0.1:${http.port + 1}.`,
    );
    return undefined;
  }
}
