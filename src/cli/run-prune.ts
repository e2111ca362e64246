import { type ExitStatus, exitStatus } from '../errors.js';
import { describePruned, prune } from '../upkeep/prune.js';
import { openLedgerAsOwner } from './open-ledger.js';
import { printResult } from './print-result.js';
import type { Session } from './session.js';

export interface PruneOptions {
  dryRun?: boolean;
  json?: boolean;
}

/** Removes what is older than the settings say, and prints how much that was. */
export async function runPrune(session: Session, { dryRun = false, json = false }: PruneOptions): Promise<ExitStatus> {
  const database = await openLedgerAsOwner(session, 'Nothing was removed.');
  const pruned = await prune(database, session.config, { dryRun, signal: session.signal });
  const { stagingTables: staging_tables, billingMonths, ...others } = pruned;
  const billing = { billing_months: billingMonths.dropped, billing_months_kept: billingMonths.kept };
  printResult(
    json
      ? JSON.stringify({ dry_run: dryRun, ...others, staging_tables, ...billing }, null, 2)
      : describePruned(pruned, { dryRun }),
    { json },
  );
  return exitStatus.done;
}
