import { type ExitStatus, exitStatus, exitStatusOf } from '../errors.js';
import type { ApiSession } from './session.js';

/** The work of a command that syncs and ends; afterwards, failed or not, its metrics are written to `TN_LEDGER_METRICS_FILE`. */
export function withMetricsFile(
  work: (session: ApiSession) => Promise<ExitStatus>,
): (session: ApiSession) => Promise<ExitStatus> {
  return async (session) => {
    const { metricsFile } = session.config;
    if (metricsFile === undefined) return work(session);
    let status: ExitStatus = exitStatus.failed;
    try {
      status = await work(session);
      return status;
    } catch (error) {
      status = exitStatusOf(error);
      throw error;
    } finally {
      const { writeMetricsFile } = await import('./write-metrics-file.js');
      await writeMetricsFile(session, metricsFile, status);
    }
  };
}
