import { LedgerError } from '../errors.js';
import type { BatchSummary } from './batches.js';

/** More than this share of lines rejected looks like the wrong file, or the wrong account. */
export const mostRejected = 0.1;

/** Too many of a file's lines were rejected: nothing of it was sent. */
export class TooManyRejectsError extends LedgerError {
  override readonly name = 'TooManyRejectsError';
  /** The batch that keeps the file as rejected, where there is one. */
  batchId: string | undefined;

  /** @param rejectedFile the file that names the lines; undefined where it could not be written */
  constructor(
    readonly summary: BatchSummary,
    rejectedFile: string | undefined,
  ) {
    const named = rejectedFile === undefined ? '' : `${rejectedFile} names them with their reasons. `;
    super(describeRejects(summary), {
      hint: `${named}Fix the file, or send the others anyway with --allow-rejects.`,
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
