import type pg from 'pg';
import type { Database } from '../../database/connect.js';
import { inTransaction } from '../../database/transaction.js';
import { formatCount } from '../../format.js';

/** Kinds of difference that `assignment_report_differences` returns, the weightiest first. */
export const differenceKinds = [
  'assigned in the ledger only',
  'assigned in the report only',
  'status not understood',
  'not in the inventory',
  'not in the report',
] as const;
export type DifferenceKind = (typeof differenceKinds)[number];

/** Kinds in which the two contradict each other. A number that the report doesn't list proves nothing. */
const contradictions: readonly DifferenceKind[] = ['assigned in the ledger only', 'assigned in the report only'];

/** Numbers by kind of difference; kinds without any are missing. `account` undefined: all accounts. */
export async function countDifferences(
  client: pg.ClientBase,
  account: string | undefined,
): Promise<Map<DifferenceKind, number>> {
  const { rows } = await client.query<{ difference: DifferenceKind; numbers: number }>(
    'select difference, count(*)::float8 as numbers from assignment_report_differences($1) group by 1',
    [account],
  );
  return new Map(rows.map(({ difference, numbers }) => [difference, numbers]));
}

/** A sentence about the contradictions between the report and the ledger; undefined if there are none. */
export async function describeDifferences(
  database: Database,
  account: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const counts = await inTransaction(
    database,
    { snapshot: true, repeatable: true, largeJoin: true, signal },
    (client) => countDifferences(client, account),
  );
  const found = contradictions.filter((kind) => counts.has(kind));
  if (found.length === 0) return undefined;
  const list = found.map((kind) => `${formatCount(counts.get(kind) as number)} ${kind}`).join(', ');
  return `Bandwidth's assignment report and the ledger contradict each other for numbers of account ${account}: ${list}. To list them: tn-ledger sql "select * from assignment_report_differences('${account}')".`;
}
