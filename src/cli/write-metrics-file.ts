import { type ExitStatus, messageOf } from '../errors.js';
import { metricsOf } from '../monitoring/exposition.js';
import { writeWhole } from '../output-file.js';
import { openLedgerReader } from './open-ledger-reader.js';
import type { Session } from './session.js';

/**
 * Writes the metrics of a command that ended to `TN_LEDGER_METRICS_FILE`. If that fails, it only warns: the command did what it
 * did.
 */
export async function writeMetricsFile(session: Session, path: string, status: ExitStatus): Promise<void> {
  const { apiUsage, log } = session;
  const reader = openLedgerReader(session);
  try {
    const ledger = await reader.figures();
    // Counting may take a minute in a large ledger: too long for a command that was asked to stop.
    if (ledger !== undefined && !session.signal.aborted) await reader.finishCounts(ledger);
    const registry = metricsOf({
      ...{ ledger, counts: ledger && reader.counts(), usage: apiUsage.read() },
      command: { endedAt: new Date(), status },
    });
    const text = await registry.metrics();
    // node_exporter runs as another user; the metrics are no secret.
    await writeWhole(path, async (handle) => {
      await handle.writeFile(text);
      await handle.chmod(0o644);
    });
  } catch (error) {
    log.warn(
      `The metrics can't be written to ${path} (TN_LEDGER_METRICS_FILE): ${messageOf(error)}. Make the folder writable for this user, or unset the variable.`,
    );
  } finally {
    await reader.close();
  }
}
