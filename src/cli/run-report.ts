import { resolve } from 'node:path';
import { accountNamed } from '../config.js';
import { readHeldLocks } from '../database/advisory-locks.js';
import { type ExitStatus, exitStatus, UsageError } from '../errors.js';
import { checkOutputPath } from '../output-file.js';
import { makeReport } from '../report/make-report.js';
import { reportPath, writeReportFile } from '../report/report-file.js';
import { readLastRuns } from '../run/last-runs.js';
import { openLedgerToRead, refreshIfAllowed } from './open-ledger.js';
import { printResult } from './print-result.js';
import type { Session } from './session.js';

export interface ReportOptions {
  out?: string;
  force?: boolean;
  account?: string;
}

/** Writes the report and prints its path. */
export async function runReport(
  session: Session,
  { out, account: wanted, force = false }: ReportOptions,
): Promise<ExitStatus> {
  const { config, signal } = session;
  const account = wanted === undefined ? undefined : accountNamed(config, wanted);
  if (out === '') throw new UsageError('--out is empty.');
  const path = out === undefined ? undefined : resolve(out);
  if (path !== undefined) await checkOutputPath(path, { replace: force });
  const database = await openLedgerToRead(session);
  if (account !== undefined) {
    const locks = await readHeldLocks(database.pool);
    const { runs } = await readLastRuns(database.pool, { configured: config.accounts, locks });
    const known = [...new Set(runs.map(({ account_id }) => account_id))];
    if (!known.includes(account)) {
      throw new UsageError(`The ledger has no data for account ${JSON.stringify(account)}. No report was written.`, {
        hint:
          known.length > 0 ? `Known accounts: ${known.join(', ')}.` : 'Run `tn-ledger run nightly` to load an account.',
      });
    }
  }
  await refreshIfAllowed(session, database, account === undefined ? undefined : [account]);
  const { html, time } = await makeReport(database, { account, configured: config.accounts, signal });
  const written = path ?? reportPath(config.dataDir, time, account);
  await writeReportFile(written, html, { replace: force });
  printResult(written);
  return exitStatus.done;
}
