import type { AssignResult } from '../assignment/assign-file.js';
import type { BatchSummary } from '../assignment/batches.js';
import type { Rejection } from '../assignment/rejected-files.js';
import { TooManyRejectsError } from '../assignment/too-many-rejects.js';
import { describeReading, readingAsJson } from '../number-file/reading.js';
import { formatCount, formatDuration, formatTable } from './format.js';

/** A file that was rejected as a whole and recorded as a batch. The reason is in the error, printed separately. */
export function rejectionAsText({ batchId }: Rejection, fileName: string, account: string): string {
  return `Batch ${batchId}: ${fileName}, account ${account}, rejected. Reports list it until you submit a corrected file of the same name or run tn-ledger assignments ${batchId} --acknowledge`;
}

export function rejectionAsJson(error: Rejection, fileName: string, account: string): string {
  const counts = error instanceof TooManyRejectsError ? error.summary : undefined;
  return JSON.stringify(
    {
      batch_id: error.batchId,
      account_id: account,
      file_name: fileName,
      status: 'rejected',
      reason: error.describe(fileName),
      read_count: counts?.total ?? null,
      rejected_count: counts?.rejected ?? null,
    },
    null,
    2,
  );
}

/** Facts about the run, printed in addition to the batch. */
export interface AssignFacts {
  seconds: number;
  warnings: readonly string[];
  /** For a dry run: the expected requests and time. */
  estimate: Estimate | undefined;
}

export interface Estimate {
  requests: number;
  requestsPerMinute: number;
  seconds: number;
}

/** Estimates the time of orders under the rate limit: one request to place each order and one to read its result. */
export function estimate(orders: number, requestsPerMinute: number): Estimate {
  return estimateRequests(orders * 2, requestsPerMinute);
}

/** The least time that requests take under a rate limit: those of the first minute are sent at once. */
export function estimateRequests(requests: number, requestsPerMinute: number): Estimate {
  const seconds = Math.max(0, Math.ceil(requests / requestsPerMinute) - 1) * 60;
  return { requests, requestsPerMinute, seconds };
}

const kinds: Record<AssignResult['kind'], string> = {
  new: '',
  resumed: ', resumed',
  reported: ', recorded earlier',
  'dry run': '',
};

export function summaryAsText(
  { summary, reading, results, rejected, kind, sendingSeconds }: AssignResult,
  facts: AssignFacts,
): string {
  const { batch } = summary;
  const title = `${batch.fileName}, ${batch.action}, account ${batch.account}`;
  const lines = [
    kind === 'dry run'
      ? `Dry run of ${title}: nothing was sent or saved`
      : `Batch ${batch.batchId}: ${title}${kinds[kind]}`,
    ...describeReading(reading),
    formatTable(['', 'numbers'], countRows(summary, kind), { right: [1] }),
  ];
  if (summary.reasons.length > 0) lines.push('', reasonTable(summary));
  lines.push('', describeOrders(summary, facts.estimate));
  if (kind === 'reported' && batch.purpose === 'assign')
    lines.push(
      'The same file and action were submitted before: nothing was sent again. To submit them again, use --again.',
    );
  if (results !== undefined) lines.push(`Results: ${results}`);
  if (rejected !== undefined) lines.push(`Rejected lines: ${rejected}`);
  const sending = sendingSeconds === undefined ? '' : `, of which ${formatDuration(sendingSeconds)} for the orders`;
  lines.push(`${formatDuration(facts.seconds)}${sending}`);
  return lines.join('\n');
}

function countRows(summary: BatchSummary, kind: AssignResult['kind']): string[][] {
  const { batch, total, rejected, skipped, accepted, failed, unknown, pending } = summary;
  const sent = total - rejected - skipped;
  const rows: [string, number, boolean][] = [
    ['read', total, true],
    ['rejected', rejected, true],
    [batch.purpose === 'assign' ? 'skipped, already has this status' : 'skipped', skipped, skipped > 0],
    [kind === 'dry run' ? 'to be submitted' : 'submitted', sent, true],
    ['accepted', accepted, kind !== 'dry run'],
    ['failed', failed, kind !== 'dry run'],
    ['unknown, checked again by the next nightly run', unknown, unknown > 0],
    ['open', pending, kind !== 'dry run' && pending > 0],
  ];
  return rows.filter(([, , shown]) => shown).map(([name, count]) => [name, formatCount(count)]);
}

/** The reasons why numbers were rejected, skipped or failed, by code. */
export function reasonTable({ reasons }: Pick<BatchSummary, 'reasons'>): string {
  const rows = reasons.map(({ outcome, code, description, count }) => [
    outcome,
    code ?? '',
    formatCount(count),
    count === 1 ? (description ?? '') : `for example: ${description ?? ''}`,
  ]);
  return formatTable(['outcome', 'code', 'numbers', ''], rows, { right: [2] });
}

/** @param orders the number of orders, as a noun */
export function describeEstimate(orders: string, estimated: Estimate): string {
  return `${orders}: ${formatCount(estimated.requests)} requests including one per order for its result; ${describeTime(estimated)}`;
}

/** `at least 12 min at 100 requests per minute` */
export function describeTime({ requestsPerMinute, seconds }: Estimate): string {
  const time = seconds === 0 ? 'less than a minute' : `at least ${formatDuration(seconds)}`;
  return `${time} at ${formatCount(requestsPerMinute)} requests per minute`;
}

function describeOrders(summary: BatchSummary, estimated: Estimate | undefined): string {
  const { orders, ordersPlaced, ordersOpen, ordersUnknown } = summary;
  const count = `${formatCount(orders)} ${orders === 1 ? 'order' : 'orders'}`;
  if (estimated !== undefined) return describeEstimate(count, estimated);
  const open = ordersOpen === 0 ? '' : `, ${formatCount(ordersPlaced)} placed, ${formatCount(ordersOpen)} not finished`;
  const unknown =
    ordersUnknown === 0 ? '' : `, ${formatCount(ordersUnknown)} with unknown outcome (they may or may not exist)`;
  return `${count}${open}${unknown}`;
}

export function summaryAsJson(result: AssignResult, facts: AssignFacts): string {
  return JSON.stringify(summaryAsObject(result, facts), null, 2);
}

export function summaryAsObject(
  { summary, reading, results, rejected, kind, sendingSeconds }: AssignResult,
  facts: AssignFacts,
): Record<string, unknown> {
  return {
    ...batchAsJson(summary),
    batch_id: kind === 'dry run' ? null : summary.batch.batchId,
    kind,
    reading: readingAsJson(reading),
    results: results ?? null,
    rejected: rejected ?? null,
    ...(facts.estimate !== undefined && {
      estimated_requests: facts.estimate.requests,
      estimated_seconds: facts.estimate.seconds,
    }),
    warnings: facts.warnings,
    sending_seconds: sendingSeconds === undefined ? null : Number(sendingSeconds.toFixed(3)),
    seconds: Number(facts.seconds.toFixed(3)),
  };
}

function batchAsJson(summary: BatchSummary): Record<string, unknown> {
  const { batch, reasons } = summary;
  return {
    account_id: batch.account,
    action: batch.action,
    file_name: batch.fileName,
    status: batch.status,
    read_count: summary.total,
    rejected_count: summary.rejected,
    skipped_count: summary.skipped,
    submitted_count: summary.total - summary.rejected - summary.skipped,
    accepted_count: summary.accepted,
    failed_count: summary.failed,
    unknown_count: summary.unknown,
    open_count: summary.pending,
    orders: summary.orders,
    orders_open: summary.ordersOpen,
    orders_unknown: summary.ordersUnknown,
    reasons: reasons.map(({ outcome, code, description, count }) => ({
      outcome,
      code: code ?? null,
      description: description ?? null,
      count,
    })),
  };
}
