import { acknowledge, type RejectedFile } from '../assignment/rejected-files.js';
import { type ExitStatus, exitStatus, LedgerError, UsageError } from '../errors.js';
import { formatMinute } from '../format.js';
import { openLedger } from './open-ledger.js';
import type { AssignmentsOptions } from './print-assignments.js';
import { batchNotFound, checkBatchId } from './print-assignments.js';
import { printResult } from './print-result.js';
import type { Session } from './session.js';

/** Acknowledges a rejected file and prints the result. */
export async function acknowledgeBatch(
  session: Session,
  batchId: string | undefined,
  { json = false }: AssignmentsOptions,
): Promise<ExitStatus> {
  if (batchId === undefined) {
    throw new UsageError('`tn-ledger assignments --acknowledge` needs a batch number.', {
      hint: 'Run `tn-ledger assignments` to list rejected files with their batch numbers.',
    });
  }
  checkBatchId(batchId);
  const { pool } = await openLedger(session);
  const before = await acknowledge(pool, batchId);
  if (before === undefined) {
    const { rows } = await pool.query('select status from assignment_batches where batch_id = $1', [batchId]);
    if (rows.length === 0) throw batchNotFound(batchId);
    throw new LedgerError(`Batch ${batchId} is ${rows[0].status}, not rejected. Nothing was changed.`);
  }
  const changed = before.acknowledgedAt === undefined && before.replacedBy === undefined;
  const result = { batch_id: before.batchId, account_id: before.account, file_name: before.fileName, changed };
  printResult(json ? JSON.stringify(result, null, 2) : describe(before), { json });
  return exitStatus.done;
}

function describe({ batchId, account, fileName, reason, acknowledgedAt, replacedBy }: RejectedFile): string {
  const batch = `Batch ${batchId} (${fileName}, account ${account})`;
  if (acknowledgedAt !== undefined) {
    return `${batch} was already acknowledged at ${formatMinute(acknowledgedAt)}. Nothing was changed.`;
  }
  if (replacedBy !== undefined) return `${batch} was already replaced by batch ${replacedBy}. Nothing was changed.`;
  return `Acknowledged: ${batch}. Lists, status and the report no longer show it. It was rejected: ${reason}`;
}
