import { disconnectedNumbers } from '../dashboard/resources/disconnected-numbers.js';
import { type FilingDeadline, nextDeadlines } from '../filing-deadlines.js';

/** A filing that is due. */
export interface Deadline extends FilingDeadline {
  /** What to do. */
  how: string;
}

/** How many days before its deadline a filing is mentioned. */
const mentioned: Record<FilingDeadline['filing'], number> = { nruf: 14, reassigned: 3 };

/**
 * The filings that are due soon.
 *
 * @param today `yyyy-MM-dd`
 */
export function deadlinesOn(today: string): Deadline[] {
  return nextDeadlines(today)
    .filter(({ filing, days }) => days <= mentioned[filing])
    .map((deadline) => ({ ...deadline, how: howToFile(deadline) }));
}

function howToFile({ asOf }: FilingDeadline): string {
  if (asOf === undefined) return `the table ${disconnectedNumbers.table} has them`;
  return `tn-ledger audit --as-of ${asOf}, then tn-ledger nruf --as-of ${asOf} --form u4 --out u4.xlsx`;
}
