import type pg from 'pg';
import type { Cells } from '../csv-file.js';
import { disconnectedNumbers } from '../dashboard/resources/disconnected-numbers.js';
import { numberAssignments } from '../dashboard/resources/number-assignments.js';
import { readInBatches } from '../database/cursor.js';
import { formatCount } from '../format.js';
import { openOrders } from '../sync/orders-to-read.js';
import { imported, inventoryCodes, inventoryReasons, reasonColumns } from './inventory-check.js';

/**
 * What a plan does with a line of the file, or with a number that is only in the inventory:
 *
 * - `assign`, `unassign`: marks it ASSIGNED or UNASSIGNED
 * - `assigned, not in the file`: marked ASSIGNED and not in the file, and left so, because `--prune` wasn't given
 * - `pending`: left for now, because an assignment order for it is in progress or has an unknown outcome
 * - `classified`: left, because a classification of `tn-ledger classify` contradicts
 * - `not assignable`: in the file, but not in the account's inventory, or of another carrier
 * - `rejected`: a line without a number, or with the number of an earlier line
 * - `right`: in the file and marked ASSIGNED
 * - `not in the file`: in the inventory and not marked ASSIGNED, or not to be marked by any order
 */
export const planGroups = [
  'assign',
  'unassign',
  'assigned, not in the file',
  'pending',
  'classified',
  'not assignable',
  'rejected',
  'right',
  'not in the file',
] as const;
export type PlanGroup = (typeof planGroups)[number];

export interface PlanCounts {
  /** Lines of the file that have a number or should have one; a range counts as each of its numbers. */
  lines: number;
  toAssign: number;
  toUnassign: number;
  /** Lines that no order can do anything about: `not assignable` and `rejected`. */
  rejected: number;
  /** Lines whose number can't be read, so that it may be any number. */
  unreadable: number;
  /** Lines that are in the file and marked ASSIGNED. */
  right: number;
  /** Numbers of the inventory that a file can list and the account can assign. */
  assignable: number;
  /** Those of them that are marked ASSIGNED. */
  assigned: number;
}

/** Numbers or lines with the same fate for the same reason. */
export interface PlanReason {
  group: PlanGroup;
  /** A code of assignment files, or `pending` or `classified`; undefined: no reason is needed. */
  code: string | undefined;
  count: number;
  /** How many of them have a reason, and one of these; of `assign`: a remark. */
  remarks: number;
  reason: string | undefined;
}

export interface PlanRow {
  group: PlanGroup;
  /** Line of the file; undefined: not in the file. */
  line: number | undefined;
  /** The cell of the file, or the number in the inventory. */
  given: string;
  reason: string | undefined;
}

/** What has to change so that the account's numbers that are marked ASSIGNED are those of a file. */
export interface Plan {
  counts: PlanCounts;
  /** In the order of the groups, most frequent reason first. */
  reasons: PlanReason[];
  /** The first rows of each group that changes or needs attention. */
  examples: PlanRow[];
}

/** Rows of each group to show. */
const examplesPerGroup = 5;
const groupsWithoutExamples = new Set<PlanGroup>(['right', 'not in the file']);

// $1 the account, $2 whether to mark numbers that aren't in the file UNASSIGNED, $3 whether to keep lines that are right. Reads the
// temporary table assignment_lines.
const compare = `
  insert into reconcile_plan (grp, line, position, given, number, code, reason, is_assignable, is_assigned)
  with ${imported('$1')}, pending as materialized (
    select telephone_number, min(reason) as reason from (
      select n.telephone_number,
             o.action || ' order ' || o.chunk_number || ' of batch ' || n.batch_id
               || case when n.outcome = 'UNKNOWN' or o.status = 'unknown' then ' has an unknown outcome' else ' is in progress' end as reason
        from assignment_batches b
        join assignment_numbers n on n.batch_id = b.batch_id
        join assignment_orders o on o.batch_id = n.batch_id and o.chunk_number = n.chunk_number
       where b.account_id = $1 and (b.status = 'open' or b.unknown_count > 0) and (n.outcome is null or n.outcome = 'UNKNOWN')
      union all
      select n.telephone_number, coalesce(o.action || ' order ', 'order ') || o.order_id || ' is in progress'
        from (select * from ${numberAssignments.table} t where t.account_id = $1 and ${openOrders(numberAssignments.details)}) o
        join ${numberAssignments.numbersTable} n on n.account_id = o.account_id and n.order_id = o.order_id
      union all
      select n.telephone_number, 'assignment order ' || n.order_id || ' has an unknown outcome'
        from ${numberAssignments.numbersTable} n
       where n.account_id = $1 and n.outcome = 'UNKNOWN'
    ) as orders
    group by telephone_number
  ), today as materialized (
    select distinct on (telephone_number) telephone_number, category, valid_to
      from number_categories
     where account_id = $1 and valid_from <= clock_timestamp() and (valid_to is null or valid_to > clock_timestamp())
     order by telephone_number, valid_from desc
  ), exceptions as materialized (
    -- One join to what few numbers have takes less time than four.
    select telephone_number, min(imported) as imported, min(pending) as pending, min(category) as category, min(category_ends) as category_ends,
           min(disconnected) as disconnected, min(disconnected_at) as disconnected_at
      from (
        select telephone_number, telephone_number as imported, null as pending, null as category, null::timestamptz as category_ends,
               null as disconnected, null::timestamptz as disconnected_at
          from imported
        union all
        select telephone_number, null, reason, null, null, null, null from pending
        union all
        select telephone_number, null, null, category, valid_to, null, null from today
        union all
        select telephone_number, null, null, null, null, telephone_number, disconnected_at
          from ${disconnectedNumbers.table} where account_id = $1
      ) as each
     group by telephone_number
  ), listed as (
    select number, min(line) as line, count(*) > 1 as is_repeated from assignment_lines where code is null group by number
  ), compared as (
    select l.line, l.is_repeated, coalesce(l.number, t.telephone_number) as number, t.npa,
           t.assignment_status is not distinct from 'ASSIGNED' as is_assigned,
           e.pending, e.category, e.category_ends,
           ${reasonColumns},
           case${inventoryCodes}
           end as code
      from listed l
      full join (
        select telephone_number, status, removed_at, owner_account_id, assignment_status, npa
          from telephone_numbers where account_id = $1
      ) t on t.telephone_number = l.number
      left join exceptions e on e.telephone_number = coalesce(l.number, t.telephone_number)
      cross join lateral (select e.imported as telephone_number) i
      cross join lateral (select e.disconnected as telephone_number, e.disconnected_at) d
     where l.number is not null or t.removed_at is null
  ), grouped as (
    select *,
           case
             when line is null then
               case
                 when code is not null then 'not in the file'
                 when pending is not null then 'pending'
                 when not is_assigned then 'not in the file'
                 when category in ('administrative', 'intermediate', 'reserved') then 'classified'
                 when npa is null then 'not in the file'
                 when $2::boolean then 'unassign'
                 else 'assigned, not in the file'
               end
             when code is not null then 'not assignable'
             when pending is not null then 'pending'
             when is_assigned then 'right'
             when category in ('administrative', 'intermediate') then 'classified'
             else 'assign'
           end as grp
      from compared
    -- Otherwise, the CASE would take the place of grp wherever it is used.
    offset 0
  ), kept as materialized (
    select grp, line, number,
           case when grp in ('pending', 'classified') then grp else code end as code,
           case
             when grp = 'pending' then pending
             when grp = 'classified' or grp = 'assign' and category is not null then
               'classified as ' || category || case when category_ends is null then '' else ' until ' || to_char(category_ends - interval '1 day', 'YYYY-MM-DD') end
             when code = '5076' then 'not in the account''s inventory' || coalesce((
               select '; account ' || min(o.account_id) || ' has it' from telephone_numbers o
                where o.telephone_number = grouped.number and o.account_id <> $1 and o.removed_at is null), '')
             when grp = 'not in the file' and code is null and is_assigned then 'marked ASSIGNED, but no file can list it: not a NANP number'
             else case code${inventoryReasons}
             end
           end as reason,
           code is null and npa is not null as is_assignable, is_assigned and code is null and npa is not null as is_assigned
      from grouped
     where $3::boolean or grp <> 'right' or is_repeated
  )
  select grp, null::integer, null::integer, null, number, code, reason, is_assignable, is_assigned from kept where line is null
  union all
  select case when is_first then k.grp else 'rejected' end, l.line, l.position, l.given, l.number,
         case when is_first then k.code when l.code is not null then l.code else 'duplicate' end,
         case when is_first then k.reason when l.code is not null then l.reason else 'same number as on line ' || k.line end,
         is_first and k.is_assignable, is_first and k.is_assigned
    from assignment_lines l
    left join kept k on k.number = l.number and l.code is null
   cross join lateral (select l.code is null and l.line = k.line as is_first) f
   where l.code is not null or k.line < l.line or is_first and ($3::boolean or k.grp <> 'right')`;

/**
 * Compares the lines of a file, which `copyLines` copied, with the account's numbers in one statement, in the client's transaction, and
 * leaves the result in the temporary table reconcile_plan (grp, line, position, given, number, code, reason): a row for each number of
 * a line, and for each number in the inventory that isn't in the file. Most lines are right: their rows are left out unless `keepRight`.
 *
 * @param options.lines how many rows `copyLines` copied
 */
export async function comparePlan(
  client: pg.ClientBase,
  { account, lines, prune, keepRight }: { account: string; lines: number; prune: boolean; keepRight: boolean },
): Promise<Plan> {
  await client.query(
    `create temp table reconcile_plan (
       grp text collate "C", line integer, position integer, given text, number text collate "C", code text, reason text, is_assignable boolean, is_assigned boolean
     ) on commit drop`,
  );
  await client.query(compare, [account, prune, keepRight]);
  await client.query('analyze reconcile_plan');
  // Each line has one row, and only rows of lines that are right are left out: numbers that are assignable and assigned.
  const { rows } = await client.query(
    `select grp, code, sum(count)::integer as count, sum(remarks)::integer as remarks, min(reason) as reason,
            sum(assignable)::integer as assignable, sum(assigned)::integer as assigned, sum(unreadable)::integer as unreadable
       from (
         select grp, code, count(*) as count, count(reason) as remarks, min(reason) as reason,
                count(*) filter (where is_assignable) as assignable, count(*) filter (where is_assigned) as assigned,
                count(*) filter (where grp = 'rejected' and number is null) as unreadable
           from reconcile_plan group by grp, code
         union all
         select 'right', null, left_out, 0, null, left_out, left_out, 0
           from (select $2 - count(line) as left_out from reconcile_plan) l where left_out > 0
       ) g
      group by grp, code order by array_position($1::text[], grp), sum(count) desc, code`,
    [planGroups, lines],
  );
  const reasons: PlanReason[] = rows.map((row) => ({
    group: row.grp,
    code: row.code ?? undefined,
    count: row.count,
    remarks: row.remarks,
    reason: row.reason ?? undefined,
  }));
  const sum = (some: readonly { count: number }[]) => some.reduce((total, { count }) => total + count, 0);
  const of = (...groups: PlanGroup[]) => sum(reasons.filter(({ group }) => groups.includes(group)));
  return {
    counts: {
      lines,
      toAssign: of('assign'),
      toUnassign: of('unassign'),
      rejected: of('not assignable', 'rejected'),
      unreadable: rows.reduce((total, { unreadable }) => total + unreadable, 0),
      right: of('right'),
      assignable: rows.reduce((total, { assignable }) => total + assignable, 0),
      assigned: rows.reduce((total, { assigned }) => total + assigned, 0),
    },
    reasons,
    examples: await readExamples(client, [...new Set(reasons.map(({ group }) => group))]),
  };
}

async function readExamples(client: pg.ClientBase, groups: readonly PlanGroup[]): Promise<PlanRow[]> {
  const { rows } = await client.query(
    `select e.* from unnest($1::text[]) with ordinality as g (grp, place)
      cross join lateral (
        select grp, line, coalesce(given, number) as given, reason from reconcile_plan p
         where p.grp = g.grp order by line, number limit ${examplesPerGroup}) e
      order by g.place, e.line, e.given`,
    [groups.filter((group) => !groupsWithoutExamples.has(group))],
  );
  return rows.map((row) => ({
    group: row.grp,
    line: row.line ?? undefined,
    given: row.given ?? '',
    reason: row.reason ?? undefined,
  }));
}

/** Columns of a plan as a CSV file. */
export const planHeader = ['plan', 'line_number', 'number_as_given', 'telephone_number', 'code', 'reason'] as const;

const rowsPerFetch = 5000;

/** Yields the rows of the plan in the client's transaction: lines in file order, then the numbers that aren't in the file. */
export function readPlan(client: pg.ClientBase): AsyncGenerator<Cells[]> {
  return readInBatches(client, {
    name: 'plan_rows',
    text: `select grp, line::text, coalesce(given, number), number, code, reason from reconcile_plan p order by p.line, p.number`,
    size: rowsPerFetch,
    rowMode: 'array',
  });
}

/**
 * Returns a warning about assignment orders in progress that the ledger knows only some of the numbers of: the plan may include the
 * others.
 */
export async function describeUnlistedOrders(client: pg.ClientBase, account: string): Promise<string | undefined> {
  const { rows } = await client.query(
    `select count(*)::integer as count from ${numberAssignments.table} t
      where t.account_id = $1 and (${openOrders(numberAssignments.details)} or t.unknown_since is not null)
        and (select count(*) from ${numberAssignments.numbersTable} n where n.account_id = t.account_id and n.order_id = t.order_id)
              < coalesce(t.total_quantity, 1)`,
    [account],
  );
  const count: number = rows[0].count;
  if (count === 0) return undefined;
  return `${formatCount(count)} assignment ${count === 1 ? 'order is' : 'orders are'} in progress or of unknown outcome, and the ledger doesn't know all of ${count === 1 ? 'its' : 'their'} numbers: the plan may include them (reconcile --sync-first reads the orders again)`;
}
