import type { Batch } from '../assignment/batches.js';
import { formatMinute } from '../format.js';
import { describeReading, type Reading, readingAsJson } from '../number-file/reading.js';
import type { Submission } from '../stored-files/submitted-files.js';
import { formatCount, formatTable } from './format.js';

/** What checking a file found. */
export interface Checked {
  total: number;
  /** How the file was read. */
  reading: Reading | undefined;
  rejected: number;
  /** The file of rejected lines; undefined if there are none. */
  rejectedPath: string | undefined;
  /** How many numbers would be sent or classified. */
  toDo: number;
  reasons: readonly { reason: string; count: number }[];
  /** The same content was submitted before with the same action: it is not stored. */
  earlierBatch?: Batch;
}

export interface SubmissionFacts {
  account: string;
  fileName: string;
  sha256: string;
  bytes: number;
  task:
    | { purpose: 'assign'; options: { action?: string | undefined } }
    | { purpose: 'reconcile'; options: { prune: boolean } }
    | { purpose: 'classify'; options: { category: string } };
  checked: Checked;
  /** Undefined: nothing was stored. */
  submission: Submission | undefined;
}

const runDoes = {
  assign: 'submits the numbers',
  reconcile: 'compares the file with the ledger again and submits what differs then',
  classify: 'classifies the numbers',
};

function describeTask({ purpose, options }: SubmissionFacts['task']): string {
  if (purpose === 'assign') return `assign (${options.action ?? 'the action of each line'})`;
  if (purpose === 'classify') return `classify (${options.category})`;
  return options.prune ? 'reconcile (with --prune)' : 'reconcile';
}

export function submissionAsText({
  account,
  fileName,
  sha256,
  bytes,
  task,
  checked,
  submission,
}: SubmissionFacts): string {
  const { total, rejected, rejectedPath, toDo, reasons, earlierBatch } = checked;
  if (submission === undefined) {
    return `${fileName} was submitted for account ${account} before, with the same action (batch ${earlierBatch?.batchId}, ${earlierBatch?.status}). Nothing was stored, because nothing would be sent. To submit it once more, use --again.`;
  }
  const { fileId, earlier } = submission;
  const what = describeTask(task);
  const lines =
    earlier === undefined
      ? [`File ${fileId}: ${fileName}, ${what}, account ${account}, ${formatCount(bytes)} bytes stored`]
      : [
          `${fileName} is waiting already as file ${fileId} (${earlier.name}, submitted ${formatMinute(earlier.at)} by ${earlier.by} on ${earlier.host}). Nothing was stored.`,
        ];
  const rows = [
    ['read', formatCount(total)],
    ['rejected', formatCount(rejected)],
    [task.purpose === 'classify' ? 'to be classified' : 'to be submitted', formatCount(toDo)],
  ];
  lines.push(...describeReading(checked.reading));
  lines.push(formatTable(['', 'numbers'], rows, { right: [1] }), '');
  if (rejectedPath !== undefined) lines.push(`Rejected lines: ${rejectedPath}`);
  if (rejected > 0) {
    for (const { reason, count } of reasons) lines.push(`  ${formatCount(count)}: ${reason}`);
  }
  lines.push(
    `SHA-256: ${sha256}`,
    `The next nightly run of account ${account} ${runDoes[task.purpose]}, on any host. To start now: tn-ledger run submit-number-assignments --account ${account}`,
    'To see what became of it, and to read the results: tn-ledger files',
  );
  return lines.join('\n');
}

export function submissionAsJson({
  account,
  fileName,
  sha256,
  bytes,
  task,
  checked,
  submission,
}: SubmissionFacts): string {
  const { total, rejected, rejectedPath, toDo, reasons, earlierBatch } = checked;
  return JSON.stringify(
    {
      ...{ file_id: submission?.fileId ?? null, stored: submission !== undefined && submission.earlier === undefined },
      ...{ account_id: account, file_name: fileName, file_sha256: sha256, byte_count: bytes },
      ...{ purpose: task.purpose, options: task.options, batch_id: earlierBatch?.batchId ?? null },
      ...{ read_count: total, rejected_count: rejected, to_do_count: toDo, reasons },
      reading: readingAsJson(checked.reading),
      rejected_file: rejectedPath ?? null,
    },
    null,
    2,
  );
}
