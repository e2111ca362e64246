import { type FilingDeadline, nextDeadlines } from '../filing-deadlines.js';

/** How many days before its deadline a filing is mentioned. */
const mentioned: Record<FilingDeadline['filing'], number> = { nruf: 14, reassigned: 3 };

/**
 * The filings that are due soon.
 *
 * @param today `yyyy-MM-dd`
 */
export function deadlinesOn(today: string): FilingDeadline[] {
  return nextDeadlines(today).filter(({ filing, days }) => days <= mentioned[filing]);
}
