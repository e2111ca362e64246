import { resolve } from 'node:path';
import { type ExitStatus, exitStatus, UsageError } from '../errors.js';
import { checkOutputPath } from '../output-file.js';
import { makeReport } from '../report/make-report.js';
import { reportPath, writeReportFile } from '../report/report-file.js';
import { readLastRuns } from '../sync/last-runs.js';
import { readHeldLocks } from '../sync/lock.js';
import { openLedgerToRead, refreshWhereAllowed } from './open-ledger.js';
import type { ReportOptions } from './report.js';
import type { Session } from './session.js';

/** Writes the report and prints where it is. */
export async function runReport(session: Session, { out, account, force = false }: ReportOptions): Promise<ExitStatus> {
  const { config, signal } = session;
  if (out === '') throw new UsageError('--out names no file.');
  const path = out === undefined ? undefined : resolve(out);
  if (path !== undefined) await checkOutputPath(path, { replace: force });
  const database = await openLedgerToRead(session);
  if (account !== undefined) {
    const locks = await readHeldLocks(database.pool);
    const { runs } = await readLastRuns(database.pool, { configured: config.accounts, locks });
    const known = [...new Set(runs.map(({ account_id }) => account_id))];
    if (!known.includes(account)) {
      throw new UsageError(`The ledger knows nothing of account ${JSON.stringify(account)}. No report was written.`, {
        hint: known.length > 0 ? `Known: ${known.join(', ')}.` : '`tn-ledger run nightly` brings accounts in.',
      });
    }
  }
  await refreshWhereAllowed(session, database);
  const { html, time } = await makeReport(database, { account, configured: config.accounts, signal });
  const written = path ?? reportPath(config.dataDir, time, account);
  await writeReportFile(written, html, { replace: force });
  process.stdout.write(`${written}\n`);
  return exitStatus.done;
}
