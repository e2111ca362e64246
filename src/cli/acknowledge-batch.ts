import { acknowledge, type RejectedFile } from '../assignment/rejected-files.js';
import { type ExitStatus, exitStatus, LedgerError, UsageError } from '../errors.js';
import { formatMinute } from '../format.js';
import type { AssignmentsOptions } from './assignments.js';
import { openLedger } from './open-ledger.js';
import { checkBatchId, noBatch } from './print-assignments.js';
import type { Session } from './session.js';

/** Notes that somebody knows of a rejected file, and prints what that changed. */
export async function acknowledgeBatch(
  session: Session,
  batchId: string | undefined,
  { json = false }: AssignmentsOptions,
): Promise<ExitStatus> {
  if (batchId === undefined) {
    throw new UsageError('`tn-ledger assignments --acknowledge` needs the number of a batch.', {
      hint: '`tn-ledger assignments` lists the rejected files with their numbers.',
    });
  }
  checkBatchId(batchId);
  const { pool } = await openLedger(session);
  const before = await acknowledge(pool, batchId);
  if (before === undefined) {
    const { rows } = await pool.query('select status from assignment_batches where batch_id = $1', [batchId]);
    if (rows.length === 0) throw noBatch(batchId);
    throw new LedgerError(`Batch ${batchId} is ${rows[0].status}, not rejected: there is nothing to acknowledge.`);
  }
  const changed = before.acknowledgedAt === undefined && before.replacedBy === undefined;
  const result = { batch_id: before.batchId, account_id: before.account, file_name: before.fileName, changed };
  process.stdout.write(`${json ? JSON.stringify(result, null, 2) : describe(before)}\n`);
  return exitStatus.done;
}

function describe({ batchId, account, fileName, reason, acknowledgedAt, replacedBy }: RejectedFile): string {
  const batch = `Batch ${batchId} (${fileName}, account ${account})`;
  if (acknowledgedAt !== undefined) {
    return `${batch} was acknowledged ${formatMinute(acknowledgedAt)} already. Nothing was changed.`;
  }
  if (replacedBy !== undefined) return `${batch} was replaced by batch ${replacedBy} already. Nothing was changed.`;
  return `${batch} is acknowledged: lists, status and the report show it no more. It was rejected: ${reason}`;
}
