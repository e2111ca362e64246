import { LedgerError, UsageError } from '../errors.js';
import { formatCount } from '../format.js';
import type { PlanCounts } from './reconcile-plan.js';

/** The most that a plan may change without anybody confirming it. */
export type MaxChange = { percent: number } | { numbers: number };

/**
 * A file that is half empty, or of another account, changes much; the usual changes between two files are small. A first
 * reconciliation changes much too, so it is excepted: see `changeProblem`.
 */
export const defaultMaxChange = { percent: 10 } as const satisfies MaxChange;

/**
 * Parses `10%` or a number of telephone numbers.
 *
 * @throws {UsageError} it is neither
 */
export function parseMaxChange(text: string): MaxChange {
  const percent = /^(\d{1,3}(?:\.\d+)?)\s*%$/.exec(text.trim());
  if (percent !== null && Number(percent[1]) <= 100) return { percent: Number(percent[1]) };
  if (/^\d{1,9}$/.test(text.trim())) return { numbers: Number(text) };
  throw new UsageError(
    `--max-change must be a share such as 10%, or a number of numbers such as 500, not ${JSON.stringify(text)}.`,
  );
}

/** A plan that isn't applied, because the file may be the wrong one, or incomplete. Nothing was sent. */
export class PlanRefusedError extends LedgerError {
  override readonly name = 'PlanRefusedError';
  /** The batch that records the rejected file, if there is one. */
  batchId: string | undefined;

  /**
   * @param option what makes the command apply the plan anyway
   * @param fix what the author of the file can do
   */
  constructor(
    message: string,
    readonly counts: PlanCounts,
    readonly option: string,
    readonly fix: string,
  ) {
    super(`${message} Nothing was sent.`, { hint: `${fix} If the plan is right, apply it with ${option}.` });
  }

  describe(): string {
    return this.message;
  }
}

const fix = 'Check that the file is complete and belongs to the account.';

/**
 * Returns why a plan changes too much. A share is compared twice: all changes with the numbers that the account can assign, and the
 * numbers to be marked UNASSIGNED with those marked ASSIGNED now, because half a file shows only there if few numbers are marked.
 *
 * Without a limit of the user's, the first numbers that an account marks ASSIGNED aren't limited: nothing is lost by them.
 */
export function changeProblem(counts: PlanCounts, chosen: MaxChange | undefined): PlanRefusedError | undefined {
  const { toAssign, toUnassign, assignable, assigned } = counts;
  if (chosen === undefined && assigned === 0) return undefined;
  const limit = chosen ?? defaultMaxChange;
  const changes = toAssign + toUnassign;
  if ('numbers' in limit) {
    if (changes <= limit.numbers) return undefined;
    const message = `The plan changes ${formatCount(changes)} numbers, more than ${formatCount(limit.numbers)} (--max-change).`;
    return new PlanRefusedError(message, counts, `--max-change ${changes}`, fix);
  }
  const isTooMany = (part: number, whole: number) => part * 100 > whole * limit.percent;
  const percentOf = (part: number, whole: number) => Math.min(100, Math.ceil((part / whole) * 1000) / 10);
  const needed = Math.max(percentOf(changes, assignable), toUnassign === 0 ? 0 : percentOf(toUnassign, assigned));
  const option = `--max-change ${needed}%`;
  if (toUnassign > 0 && isTooMany(toUnassign, assigned)) {
    const message = `The plan marks ${formatCount(toUnassign)} of ${formatCount(assigned)} ASSIGNED numbers UNASSIGNED (${percentOf(toUnassign, assigned)}%), more than ${limit.percent}% (--max-change).`;
    return new PlanRefusedError(message, counts, option, fix);
  }
  if (!isTooMany(changes, assignable)) return undefined;
  const message = `The plan changes ${formatCount(changes)} of the ${formatCount(assignable)} numbers that the account can assign (${percentOf(changes, assignable)}%), more than ${limit.percent}% (--max-change).`;
  return new PlanRefusedError(message, counts, option, fix);
}

/**
 * Returns why numbers that aren't in the file can't be marked UNASSIGNED: the file has lines whose number can't be read, and any of
 * these numbers may be meant; or numbers that weren't read at all.
 *
 * @param unread the warning about numbers on other sheets of a workbook
 */
export function pruneProblem(counts: PlanCounts, unread: string | undefined): PlanRefusedError | undefined {
  const { unreadable, toUnassign } = counts;
  if (toUnassign === 0) return undefined;
  const pruned = `${formatCount(toUnassign)} ${toUnassign === 1 ? 'number' : 'numbers'}`;
  if (unread !== undefined) {
    return new PlanRefusedError(
      `${unread}. Such numbers may be among the ${pruned} that --prune would mark UNASSIGNED.`,
      counts,
      '--allow-rejects',
      'Put all numbers on one sheet, or leave out --prune.',
    );
  }
  if (unreadable === 0) return undefined;
  const [lines, them] = unreadable === 1 ? ['line has', 'it'] : ['lines have', 'they'];
  return new PlanRefusedError(
    `${formatCount(unreadable)} ${lines} no readable number, so ${them} may be among the ${pruned} that --prune would mark UNASSIGNED.`,
    counts,
    '--allow-rejects',
    'Fix these lines, or leave out --prune.',
  );
}
