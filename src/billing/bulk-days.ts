import { type Day, daysBetween } from '../days.js';
import { UsageError } from '../errors.js';
import { formatCount } from '../format.js';

/** Maximum gap, in days without rows, within a stretch: a weekend. */
const maxGapDays = 2;

/**
 * Returns the days that an archive covers, based on the rows of each day. Days separated by gaps of at most two
 * days form a stretch; the stretch with the most rows is what the archive covers. Rows of other stretches are
 * outliers (mistyped dates) if they make up at most 1 % of all rows, or if there is a single one among at least ten
 * rows.
 *
 * @returns undefined if no row has a day
 * @throws {UsageError} if the rows outside the largest stretch are more than outliers
 */
export function bulkDays(counts: ReadonlyMap<Day | null, number>): { from: Day; to: Day } | undefined {
  const stretches: { from: Day; to: Day; rows: number }[] = [];
  let total = 0;
  for (const [day, rows] of [...counts].sort(([one], [other]) => ((one ?? '') < (other ?? '') ? -1 : 1))) {
    if (day === null) continue;
    total += rows;
    const last = stretches.at(-1);
    if (last === undefined || daysBetween(last.to, day) > maxGapDays + 1) {
      stretches.push({ from: day, to: day, rows });
    } else {
      last.to = day;
      last.rows += rows;
    }
  }
  const [largest, second] = stretches.toSorted((one, other) => other.rows - one.rows);
  if (largest === undefined) return undefined;
  const outliers = total - largest.rows;
  if (outliers * 100 > total && (outliers > 1 || total < 10)) {
    throw new UsageError(
      `The rows of the archive don't show which days it covers: ${describe(largest)}${second === undefined ? '' : ` and ${describe(second)}`}. Nothing was changed.`,
      { hint: 'Set the days with --from and --to; rows of other days are rejected.' },
    );
  }
  return { from: largest.from, to: largest.to };
}

function describe({ from, to, rows }: { from: Day; to: Day; rows: number }): string {
  return `${formatCount(rows)} are of ${from === to ? from : `${from} to ${to}`}`;
}
