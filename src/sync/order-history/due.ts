import { change } from '../../database/transaction.js';
import { currentTime } from '../../days.js';
import type { CostContext } from '../../run/job.js';
import { isOpen, openOrders } from '../orders-to-read.js';
import { readTrails, type Trail } from './trails.js';

/** A closed order that was never open in a run is read if it changed within this many days. */
export const newlyClosedDays = 7;

/**
 * The history of an open order is read again after this many days even if the order itself doesn't show a change: Bandwidth doesn't
 * document that every event changes the date of its last change.
 */
export const openHistoryDays = 7;

/** A note doesn't show in its order at all. Notes of open orders are read by every run, but not again by one that resumes another. */
export const openNotesHours = 12;

/** An order whose history or notes are to be read. */
export interface DueOrder {
  trail: Trail;
  orderId: string;
  /** As the ledger has them now. */
  status: string | null;
  lastModified: string | null;
  /** Whether it is closed. */
  isFinal: boolean;
}

type DueContext = Pick<CostContext, 'account' | 'client' | 'database' | 'keepNotes' | 'now'>;

/**
 * SQL: the orders of which a trail is to be read.
 * - Candidates are the open ones, those that were open when they were last read, and those that ended lately without completing. An
 *   order that was complete when it was first listed has nothing to explain.
 * - Of these, those are due that were never read, that have changed since, and open ones after a while.
 *
 * `$1`: the account, `$2`: the time, `$3`: whether free texts are kept.
 */
function dueOf({ orders: { table, details, events }, part }: Trail, number: number): string {
  const open = isOpen(details);
  const ofPart = `r.account_id = $1 and r.order_kind = '${table}' and r.part = '${part}'`;
  const again = {
    history: `r.read_at <= $2::timestamptz - interval '${openHistoryDays} days' or $3 and exists (
         select from order_history h where h.account_id = $1 and h.order_kind = '${table}' and h.order_id = t.order_id and h.free_text = 'left out')`,
    notes: `r.read_at <= $2::timestamptz - interval '${openNotesHours} hours'`,
  };
  const excepted = part === 'history' ? (events?.exceptStatuses ?? []) : [];
  return `
    select ${number} as trail, '${table}' as order_kind, '${part}' as part, t.order_id, t.status, t.last_modified_date, not ${open} as is_final, r.tried_at, t.order_date
      from (
        select t.order_id from ${table} t where t.account_id = $1 and ${openOrders(details)}
        union
        select t.order_id from ${table} t
         where t.account_id = $1 and t.first_seen_at >= now() - interval '${newlyClosedDays} days'
           and t.last_modified_date >= $2::timestamptz - interval '${newlyClosedDays} days'
           and not ${open} and upper(t.status) not like 'COMPLETE%'
        union
        select r.order_id from order_history_reads r where ${ofPart} and not r.is_final
      ) as candidate
      join ${table} t on t.account_id = $1 and t.order_id = candidate.order_id
      left join order_history_reads r on ${ofPart} and r.order_id = t.order_id
     where (r.read_at is null or (r.status, r.last_modified_date) is distinct from (t.status, t.last_modified_date)
            or ${open} and (${again[part]}))
       and upper(coalesce(t.status, '')) <> all ('{${excepted.join(',')}}'::text[])`;
}

function allDue(trails: readonly Trail[]): string {
  return trails.map(dueOf).join('\nunion all\n');
}

const values = (context: DueContext) => [context.account, currentTime(context), context.keepNotes];

/** Counts the requests that are due. */
export async function countDue(context: DueContext): Promise<number> {
  const { rows } = await context.database.pool.query<{ count: number }>(
    `select count(*)::integer as count from (${allDue(readTrails(context.keepNotes))}) as due`,
    values(context),
  );
  return rows[0]?.count ?? 0;
}

/** Records that orders are due that were never tried, so that they are read even if they have closed by the next run. */
export async function recordDue(context: DueContext): Promise<void> {
  await change(
    context.database,
    `insert into order_history_reads (account_id, order_kind, order_id, part, is_final)
     select $1, order_kind, order_id, part, false from (${allDue(readTrails(context.keepNotes))}) as due
      where tried_at is null order by 2, 3, 4
     on conflict do nothing`,
    values(context),
  );
}

/**
 * The orders that are due: first those that were never tried, ports before others and the newest first, then those tried longest ago,
 * so that whatever doesn't fit into a run comes first in the next one.
 */
export async function readDue(context: DueContext): Promise<DueOrder[]> {
  const trails = readTrails(context.keepNotes);
  const { rows } = await context.database.pool.query(
    `select trail, order_id, status, last_modified_date::text, is_final from (${allDue(trails)}) as due
      order by tried_at nulls first, trail, order_date desc nulls last, order_id`,
    values(context),
  );
  return rows.map(({ trail, order_id, status, last_modified_date, is_final }) => ({
    trail: trails[trail] as Trail,
    orderId: order_id,
    status,
    lastModified: last_modified_date,
    isFinal: is_final,
  }));
}
