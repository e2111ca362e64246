import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { numberAssignments } from '../dashboard/resources/number-assignments.js';
import { inTransaction } from '../database/transaction.js';
import { LedgerError } from '../errors.js';
import { formatCount } from '../format.js';
import type { JobContext } from '../run/job.js';
import { filesOfBatch } from '../stored-files/submitted-files.js';
import { type BatchSummary, summarizeBatch } from './batches.js';
import { doneFolder, outboxFolder, timeStamp } from './inbox.js';
import { originalOf } from './original-file.js';
import { type ResultFiles, resultFiles, storeResults, writeResults } from './results.js';

/**
 * Copies what the nightly run found out about orders of unknown outcome into the account's own batches: the
 * outcomes of numbers, the counts, and the result files, which are rewritten. If an order's counts add up, numbers
 * that it doesn't list were not accepted.
 */
export async function resolveUnknownOutcomes(
  context: Pick<JobContext, 'account' | 'database' | 'dataDir' | 'log' | 'run' | 'signal'>,
): Promise<void> {
  const { account, database, dataDir, log, run, signal } = context;
  const resolved = await inTransaction(database, { signal, repeatable: true }, async (client) => {
    const { rows } = await client.query(resolveNumbers, [account]);
    const summaries: { numbers: number; summary: BatchSummary }[] = [];
    for (const { batch_id, numbers } of rows) {
      summaries.push({ numbers, summary: await summarizeBatch(client, batch_id) });
    }
    return summaries;
  });
  for (const { numbers, summary } of resolved) {
    const { batch, unknown } = summary;
    run.add({ rowsWritten: numbers });
    log.info(
      `Batch ${batch.batchId} (${batch.fileName}): Bandwidth now reports the outcome of ${formatCount(numbers)} numbers that was unknown; ${formatCount(unknown)} are still unknown`,
    );
    const submitted = await filesOfBatch(database.pool, account, batch.partOf ?? batch.batchId);
    for (const file of submitted) {
      await inTransaction(database, { signal }, (client) => storeResults(client, file, batch));
    }
    const files = filesOf(dataDir, summary);
    // A batch of a submitted file has results in a folder only if the same content came by another way too.
    if (submitted.length > 0 && batch.resultsFolder === undefined && !existsSync(files.results)) continue;
    try {
      const warn = (sentence: string) => run.warn(sentence);
      await writeResults(database.pool, batch, files, originalOf(batch, { signal, warn }));
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      run.warn(`Batch ${batch.batchId} (${batch.fileName}): ${error.message}`);
    }
  }
}

/** Returns where the batch's results were written before. */
function filesOf(dataDir: string, { batch }: BatchSummary): ResultFiles {
  const { resultsFolder, finishedAt, resultsName } = batch;
  if (resultsFolder !== undefined) return resultFiles(resultsFolder, resultsName);
  if (finishedAt === undefined) return resultFiles(join(dataDir, outboxFolder), resultsName);
  return resultFiles(join(dataDir, doneFolder), `${timeStamp(finishedAt)}-${resultsName}`);
}

// $1 the account. Returns the batches that changed, each with the count of numbers whose outcome is now known.
const resolveNumbers = `
  with final_orders as (
    select o.batch_id, o.chunk_number, b.account_id, a.order_id, a.status, a.total_quantity, a.failed_quantity
      from assignment_batches b
      join assignment_orders o on o.batch_id = b.batch_id
      join ${numberAssignments.table} a on a.account_id = b.account_id and a.order_id = o.order_id
     where b.account_id = $1 and b.unknown_count > 0 and o.finished_at is not null
       and a.unknown_since is null and upper(a.status) in ('COMPLETE', 'PARTIAL', 'FAILED')
  ), numbers as (
    update assignment_numbers n
       set outcome = coalesce(reported.outcome, 'FAILED'), error_code = reported.error_code,
           error_description = case when reported.outcome is null then 'the order does not list the number' else reported.error_description end
      from assignment_numbers m
      join final_orders a on a.batch_id = m.batch_id and a.chunk_number = m.chunk_number
      left join ${numberAssignments.numbersTable} reported
        on reported.account_id = a.account_id and reported.order_id = a.order_id and reported.telephone_number = m.telephone_number
     where n.batch_id = m.batch_id and n.line_number = m.line_number and n.position_in_line = m.position_in_line and m.outcome = 'UNKNOWN'
       and (reported.telephone_number is null or reported.outcome in ('ACCEPTED', 'FAILED'))
    returning n.batch_id, n.chunk_number
  ), orders as (
    update assignment_orders o
       set status = a.status, total_quantity = coalesce(a.total_quantity, o.total_quantity),
           failed_quantity = coalesce(a.failed_quantity, o.failed_quantity), error_code = null, error_description = null
      from final_orders a
     where o.batch_id = a.batch_id and o.chunk_number = a.chunk_number
       and (o.batch_id, o.chunk_number) in (select batch_id, chunk_number from numbers)
  )
  select batch_id, count(*)::integer as numbers from numbers group by batch_id order by batch_id`;
