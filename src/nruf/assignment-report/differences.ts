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

/** A number that differs, as in `assignment_report_differences`. */
export interface Difference {
  account_id: string;
  telephone_number: string;
  difference: DifferenceKind;
  ledger_status: string | null;
  report_status: string | null;
  order_id: string | null;
}

export interface Differences {
  /** Numbers by kind of difference; kinds without any are missing. */
  counts: Partial<Record<DifferenceKind, number>>;
  /** The first numbers of the kinds asked for, in the order of the kinds. */
  examples: readonly Difference[];
}

/**
 * Compares the reports with the ledger once, for the counts and the examples.
 *
 * @param account undefined: all accounts
 */
export async function readDifferences(
  client: pg.ClientBase,
  account: string | undefined,
  { kinds, limit }: { kinds: readonly DifferenceKind[]; limit: number } = { kinds: [], limit: 0 },
): Promise<Differences> {
  const { rows } = await client.query<Differences>(
    `with d as materialized (select * from assignment_report_differences($1))
     select (select coalesce(json_object_agg(difference, numbers), '{}')
               from (select difference, count(*) as numbers from d group by 1) as c) as counts,
            (select coalesce(json_agg(e), '[]')
               from (select * from d where difference = any($2::text[])
                      order by array_position($2::text[], difference), account_id, telephone_number limit $3) as e) as examples`,
    [account, kinds, limit],
  );
  return rows[0] as Differences;
}

/** A sentence about the contradictions between the report and the ledger; undefined if there are none. */
export async function describeDifferences(
  database: Database,
  account: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { counts } = await inTransaction(
    database,
    { snapshot: true, repeatable: true, largeJoin: true, signal },
    (client) => readDifferences(client, account),
  );
  const found = contradictions.filter((kind) => counts[kind] !== undefined);
  if (found.length === 0) return undefined;
  const list = found.map((kind) => `${formatCount(counts[kind] as number)} ${kind}`).join(', ');
  return `Bandwidth's assignment report and the ledger contradict each other for numbers of account ${account}: ${list}. To list them: tn-ledger sql "select * from assignment_report_differences('${account}')".`;
}
