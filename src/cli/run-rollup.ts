import { rollUpLoaded } from '../billing/roll-up-loaded.js';
import { accountNamed } from '../config.js';
import { type ExitStatus, exitStatus } from '../errors.js';
import { formatCount } from './format.js';
import { openLedgerAsOwner } from './open-ledger.js';
import { printResult } from './print-result.js';
import type { Session } from './session.js';

export interface RollUpCommandOptions {
  full?: boolean;
  account?: string;
  json?: boolean;
}

/** Seconds between two lines about the progress. */
const progressSeconds = 10;

/** Rolls up loaded reports, and prints how many. */
export async function runRollUp(
  session: Session,
  { full = false, account, json = false }: RollUpCommandOptions,
): Promise<ExitStatus> {
  const { config, log, signal } = session;
  const named = account === undefined ? undefined : accountNamed(config, account);
  const database = await openLedgerAsOwner(session, 'Nothing was rolled up.');
  let printedAt = performance.now();
  const reports = await rollUpLoaded(database, {
    account: named,
    full,
    signal,
    onReport(done, of) {
      if (performance.now() - printedAt < progressSeconds * 1000) return;
      printedAt = performance.now();
      log.info(`Rolled up ${formatCount(done)} of ${formatCount(of)} reports`);
    },
  });
  printResult(
    json
      ? JSON.stringify({ reports }, null, 2)
      : `Rolled up ${formatCount(reports)} ${reports === 1 ? 'report' : 'reports'}.`,
    { json },
  );
  return exitStatus.done;
}
