import type { Plan, PlanGroup, PlanReason } from '../assignment/reconcile-plan.js';
import { maxNumbersPerOrder } from '../assignment/record-batch.js';
import { formatCount, formatTable } from './format.js';
import { describeEstimate, estimate } from './format-batch.js';

/** What a group means, to a reader who sees the plan only. */
const meanings: Record<PlanGroup, string> = {
  assign: 'in the file, not marked ASSIGNED: to be marked',
  unassign: 'marked ASSIGNED, not in the file: to be marked UNASSIGNED',
  'assigned, not in the file': 'left as they are; --prune marks them UNASSIGNED',
  pending: 'an assignment order is in progress, or its outcome is unknown: left for a later run',
  classified: 'a classification (tn-ledger classify) contradicts: left as they are',
  'not assignable': "in the file, but Bandwidth wouldn't assign them",
  rejected: 'lines without a number, or with one of an earlier line',
  right: 'in the file and marked ASSIGNED: nothing to do',
  'not in the file': 'in the inventory and not marked ASSIGNED: nothing to do',
};

const groupsWithReasons = new Set<PlanGroup>(['pending', 'classified', 'not assignable', 'rejected']);

export interface PlanFacts {
  account: string;
  fileName: string;
  prune: boolean;
  /** Undefined: unknown, because the command doesn't use the API. */
  requestsPerMinute: number | undefined;
}

/** The plan: counts, reasons, and the first numbers of each group. */
export function planAsText(plan: Plan, facts: PlanFacts): string {
  const { counts, reasons } = plan;
  const totals = groupTotals(reasons);
  const lines = [
    `Plan for ${facts.fileName} (${formatCount(counts.lines)} ${counts.lines === 1 ? 'line' : 'lines'}), account ${facts.account}`,
    formatTable(
      ['', 'numbers', ''],
      [...totals].map(([group, count]) => [group, formatCount(count), meanings[group]]),
      { right: [1] },
    ),
  ];
  const explained = reasons.filter(({ group, code }) => groupsWithReasons.has(group) && code !== undefined);
  if (explained.length > 0) {
    const cells = explained.map(({ group, code, count, reason }) => [
      group,
      code ?? '',
      formatCount(count),
      count === 1 ? (reason ?? '') : `for example: ${reason ?? ''}`,
    ]);
    lines.push('', formatTable(['', 'code', 'numbers', ''], cells, { right: [2] }));
  }
  const remark = findRemark(reasons);
  if (remark !== undefined) {
    const { remarks: count, reason } = remark;
    lines.push(
      '',
      `${formatCount(count)} of the numbers to assign ${count === 1 ? 'is' : 'are'} ${count === 1 ? '' : 'classified, for example '}${reason}: \`nruf\` counts ${count === 1 ? 'it' : 'them'} so until the classification ends.`,
    );
  }
  for (const [group, total] of totals) {
    const shown = plan.examples.filter((example) => example.group === group);
    if (shown.length === 0) continue;
    const which = shown.length < total ? `the first ${shown.length} of ${formatCount(total)}` : formatCount(total);
    const cells = shown.map(({ line, given, reason }) => [
      line === undefined ? '' : `line ${line}`,
      given,
      reason ?? '',
    ]);
    const [, , ...rows] = formatTable(['', '', ''], cells).split('\n');
    lines.push('', `${group} (${which}):`, ...rows.map((row) => `  ${row}`));
  }
  lines.push('', describeOrders(plan, facts));
  return lines.join('\n');
}

function groupTotals(reasons: readonly PlanReason[]): Map<PlanGroup, number> {
  const totals = new Map<PlanGroup, number>();
  for (const { group, count } of reasons) totals.set(group, (totals.get(group) ?? 0) + count);
  return totals;
}

/** The numbers to assign that are classified. */
function findRemark(reasons: readonly PlanReason[]): PlanReason | undefined {
  return reasons.find(({ group, remarks }) => group === 'assign' && remarks > 0);
}

function ordersOf({ counts }: Plan): number {
  return Math.ceil(counts.toAssign / maxNumbersPerOrder) + Math.ceil(counts.toUnassign / maxNumbersPerOrder);
}

function describeOrders(plan: Plan, facts: PlanFacts): string {
  const orders = ordersOf(plan);
  if (orders === 0) return 'Nothing to submit.';
  const count = `${formatCount(orders)} ${orders === 1 ? 'order' : 'orders'}`;
  if (facts.requestsPerMinute === undefined) return `${count}: two requests per order, one of them for its result`;
  return describeEstimate(count, estimate(orders, facts.requestsPerMinute));
}

/** The same as an object: counts, reasons and examples with names in snake_case. */
export function planAsObject(plan: Plan, facts: PlanFacts): Record<string, unknown> {
  const { counts, reasons, examples } = plan;
  return {
    account_id: facts.account,
    file_name: facts.fileName,
    prune: facts.prune,
    read_count: counts.lines,
    rejected_count: counts.rejected,
    assignable_count: counts.assignable,
    assigned_count: counts.assigned,
    counts: Object.fromEntries(groupTotals(reasons)),
    reasons: reasons.flatMap(({ group, code, count, reason }) =>
      code === undefined ? [] : [{ plan: group, code, count, reason: reason ?? null }],
    ),
    classified_to_assign: findRemark(reasons)?.remarks ?? 0,
    examples: examples.map(({ group, line, given, reason }) => ({
      ...{ plan: group, line_number: line ?? null, number: given, reason: reason ?? null },
    })),
    orders: ordersOf(plan),
  };
}
