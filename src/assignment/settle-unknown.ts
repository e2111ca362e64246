import { join } from 'node:path';
import { LedgerError } from '../errors.js';
import { formatCount } from '../format.js';
import type { JobContext } from '../sync/job.js';
import { inTransaction } from '../sync/transaction.js';
import { type BatchSummary, settleBatch } from './batches.js';
import { doneFolder, outboxFolder, timeStamp } from './inbox.js';
import { type ResultFiles, resultFiles, writeResults } from './results.js';

/**
 * Brings what the nightly run learned about orders of unknown outcome into the account's own batches: outcomes of numbers, counts,
 * and the result files, which are written again. Numbers that an order which adds up does not name were not accepted.
 */
export async function settleUnknown(
  context: Pick<JobContext, 'account' | 'database' | 'dataDir' | 'log' | 'run' | 'signal'>,
): Promise<void> {
  const { account, database, dataDir, log, run, signal } = context;
  const settled = await inTransaction(database, { signal }, async (client) => {
    const { rows } = await client.query(settleNumbers, [account]);
    const summaries: { numbers: number; summary: BatchSummary }[] = [];
    for (const { batch_id, numbers } of rows) {
      summaries.push({ numbers, summary: await settleBatch(client, batch_id) });
    }
    return summaries;
  });
  for (const { numbers, summary } of settled) {
    const { batch, unknown } = summary;
    run.add({ rowsWritten: numbers });
    log.info(
      `Batch ${batch.batchId} (${batch.fileName}): Bandwidth now tells what became of ${formatCount(numbers)} numbers whose outcome was unknown; ${formatCount(unknown)} are still unknown`,
    );
    try {
      await writeResults(database.pool, batch.batchId, filesOf(dataDir, summary));
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      run.warn(`Batch ${batch.batchId} (${batch.fileName}): ${error.message}`);
    }
  }
}

/** Where the batch's results were written before. */
function filesOf(dataDir: string, { batch }: BatchSummary): ResultFiles {
  const { resultsFolder, finishedAt, fileName } = batch;
  if (resultsFolder !== undefined) return resultFiles(resultsFolder, fileName);
  if (finishedAt === undefined) return resultFiles(join(dataDir, outboxFolder), fileName);
  return resultFiles(join(dataDir, doneFolder), `${timeStamp(finishedAt)}-${fileName}`);
}

// $1 the account. Answers with the batches that changed, and of how many numbers the outcome is known now.
const settleNumbers = `
  with answered as (
    select o.batch_id, o.chunk_number, b.account_id, a.order_id, a.status, a.total_quantity, a.failed_quantity
      from assignment_batches b
      join assignment_orders o on o.batch_id = b.batch_id
      join number_assignment_orders a on a.account_id = b.account_id and a.order_id = o.order_id
     where b.account_id = $1 and b.unknown_count > 0 and o.finished_at is not null
       and a.unknown_since is null and upper(a.status) in ('COMPLETE', 'PARTIAL', 'FAILED')
  ), numbers as (
    update assignment_numbers n
       set outcome = coalesce(told.outcome, 'FAILED'), error_code = told.error_code,
           error_description = case when told.outcome is null then 'the order does not name the number' else told.error_description end
      from assignment_numbers m
      join answered a on a.batch_id = m.batch_id and a.chunk_number = m.chunk_number
      left join number_assignment_order_numbers told
        on told.account_id = a.account_id and told.order_id = a.order_id and told.telephone_number = m.telephone_number
     where n.batch_id = m.batch_id and n.line_number = m.line_number and m.outcome = 'UNKNOWN'
       and (told.telephone_number is null or told.outcome in ('ACCEPTED', 'FAILED'))
    returning n.batch_id, n.chunk_number
  ), orders as (
    update assignment_orders o
       set status = a.status, total_quantity = coalesce(a.total_quantity, o.total_quantity),
           failed_quantity = coalesce(a.failed_quantity, o.failed_quantity), error_code = null, error_description = null
      from answered a
     where o.batch_id = a.batch_id and o.chunk_number = a.chunk_number
       and (o.batch_id, o.chunk_number) in (select batch_id, chunk_number from numbers)
  )
  select batch_id, count(*)::integer as numbers from numbers group by batch_id order by batch_id`;
