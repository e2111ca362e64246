import { LedgerError } from '../errors.js';
import type { Batch, BatchSummary } from './batches.js';

/** If more than this share of the lines is rejected, it is probably the wrong file or the wrong account. */
const maxRejectedShare = 0.1;

/** What is known about a file of which too many lines were rejected. */
export type RejectCounts = Pick<BatchSummary, 'total' | 'rejected' | 'skipped' | 'reasons'> & {
  batch: Pick<Batch, 'action'>;
};

export function isTooMany(
  { total, rejected }: Pick<RejectCounts, 'total' | 'rejected'>,
  { allowRejects }: { allowRejects?: boolean | undefined },
): boolean {
  return !allowRejects && rejected > total * maxRejectedShare;
}

/** Too many lines of a file were rejected. Nothing was sent. */
export class TooManyRejectsError extends LedgerError {
  override readonly name = 'TooManyRejectsError';
  /** The batch that records the rejected file, if there is one. */
  batchId: string | undefined;

  /** @param rejectedFile the file that lists the rejected lines; undefined if it couldn't be written */
  constructor(
    readonly summary: RejectCounts,
    rejectedFile: string | undefined,
  ) {
    const named = rejectedFile === undefined ? '' : `${rejectedFile} lists them with the reasons. `;
    super(describeRejects(summary), {
      hint: `${named}Fix the file, or send the other lines anyway with --allow-rejects.`,
    });
  }

  describe(): string {
    return this.message;
  }
}

function describeRejects({ total, rejected, reasons }: RejectCounts): string {
  const why = reasons
    .filter(({ outcome }) => outcome === 'REJECTED')
    .map(({ code, count }) => `${code} ${count}`)
    .join(', ');
  return `${rejected} of ${total} lines were rejected (${why}), more than a tenth. Nothing was sent.`;
}
