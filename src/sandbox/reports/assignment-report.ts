import { stringify } from 'csv-stringify/sync';
import type { AccountState } from '../account.js';
import { fraction, hash } from '../hash.js';
import { keyOf, textOf } from '../number-key.js';
import type { Oddities } from '../oddities.js';
import type { ReportBehavior, ReportRow } from './behavior.js';

const saltPlus = 97;

/**
 * The End-User Phone Number Assignment report of an account, as CSV: the numbers in service with what their latest accepted
 * assignment order says. Bandwidth doesn't document its columns: these are made up.
 */
export function assignmentReportCsv(account: AccountState, behavior: ReportBehavior, oddities: Oddities): string {
  const rows = behavior.rows(oddly(reportRows(account), oddities));
  const cells = rows.map(({ number, status }) => [number, status, 'Raleigh, NC', `Peer ${number.slice(-1)}`]);
  return stringify([[...behavior.headings], ...cells], { record_delimiter: 'windows' });
}

function reportRows({ inventory, orderBook }: AccountState): ReportRow[] {
  const { lists, departures } = orderBook.open();
  const marks = new Map<number, 'ASSIGN' | 'UNASSIGN'>();
  // Newest first.
  for (const { action, numbers, orderDate, status } of lists.numbersAssignment.all) {
    if (status !== 'COMPLETE' && status !== 'PARTIAL') continue;
    for (const { telephoneNumber, outcome } of numbers) {
      const key = keyOf(telephoneNumber);
      const leftAt = departures.get(telephoneNumber)?.at ?? Number.NEGATIVE_INFINITY;
      if (outcome !== 'ACCEPTED' || key === undefined || marks.has(key) || orderDate.getTime() < leftAt) continue;
      marks.set(key, action);
    }
  }
  return Array.from({ length: inventory.inServiceCount }, (_, n) => {
    const key = inventory.inServiceKeyAt(n);
    return { number: textOf(key), status: marks.get(key) === 'ASSIGN' ? 'Assigned' : 'Unassigned' };
  });
}

/** Applies the oddities: the first numbers say the opposite, the next ones a status that nobody knows. */
function oddly(rows: ReportRow[], oddities: Oddities): ReportRow[] {
  const { 'report-differs': opposite = 0, 'report-unknown-status': unknown = 0, e164 = 0 } = oddities;
  return rows.map(({ number, status }, index) => ({
    number: spelled(number, e164),
    status:
      index < opposite
        ? status === 'Assigned'
          ? 'Unassigned'
          : 'Assigned'
        : index < opposite + unknown
          ? 'Pending review'
          : status,
  }));
}

function spelled(number: string, share: number): string {
  const isOdd = /^[2-9]\d{9}$/.test(number) && fraction(hash(saltPlus, Number(number))) < share;
  return isOdd ? `+1${number}` : number;
}
