import { LedgerError } from '../errors.js';
import type { BatchSummary } from './batches.js';

/** If more than this share of the lines is rejected, it is probably the wrong file or the wrong account. */
export const maxRejectedShare = 0.1;

/** Too many lines of a file were rejected. Nothing was sent. */
export class TooManyRejectsError extends LedgerError {
  override readonly name = 'TooManyRejectsError';
  /** The batch that records the rejected file, if there is one. */
  batchId: string | undefined;

  /** @param rejectedFile the file that lists the rejected lines; undefined if it couldn't be written */
  constructor(
    readonly summary: BatchSummary,
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

function describeRejects({ total, rejected, reasons }: BatchSummary): string {
  const why = reasons
    .filter(({ outcome }) => outcome === 'REJECTED')
    .map(({ code, count }) => `${code} ${count}`)
    .join(', ');
  return `${rejected} of ${total} lines were rejected (${why}), more than a tenth. Nothing was sent.`;
}
