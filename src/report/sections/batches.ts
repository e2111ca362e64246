import { unresolved } from '../../assignment/rejected-files.js';
import { capitalize, formatCount } from '../../format.js';
import { html } from '../html.js';
import { accountColumn, type Scope, shownCondition } from '../scope.js';
import type { Section } from '../section.js';
import { ageHtml, mostRows, table } from '../table.js';

export interface BatchRow {
  batchId: string;
  account: string;
  fileName: string;
  action: string | undefined;
  status: string;
  /** Why the entire file was rejected. */
  reason: string | undefined;
  /** The number of lines; undefined for a rejected file whose lines were not read. */
  total: number | undefined;
  accepted: number;
  failed: number;
  rejected: number | undefined;
  skipped: number;
  unknown: number;
  createdAt: Date;
}

/** Numbers of a batch with the same unsuccessful outcome and error code. */
export interface FailureRow {
  batchId: string;
  fileName: string;
  outcome: string;
  code: string | undefined;
  description: string | undefined;
  count: number;
}

export interface Batches {
  /** The batches shown, latest first. */
  batches: readonly BatchRow[];
  /** The number of batches in the period. */
  count: number;
  failures: readonly FailureRow[];
  failureCount: number;
}

const days = 30;

const recent = `(status = 'open' or status = 'finished' and coalesce(finished_at, created_at) >= now() - interval '${days} days'
  or ${unresolved})`;

export async function readBatches({ client, account }: Scope): Promise<Batches> {
  const { rows } = await client.query(
    `select *, count(*) over ()::float8 as count from assignment_batches
      where ($1::text is null or account_id = $1) and ${recent}
      order by status <> 'finished' desc, batch_id desc limit $2`,
    [account ?? null, mostRows],
  );
  const failures = await client.query(
    `select b.batch_id, b.file_name, n.outcome, n.error_code, min(n.error_description) as error_description,
            count(*)::float8 as count, count(*) over ()::float8 as kinds
       from assignment_batches b join assignment_numbers n on n.batch_id = b.batch_id
      where b.batch_id = any($1) and b.failed_count + b.rejected_count + b.unknown_count > 0
        and n.outcome in ('FAILED', 'REJECTED', 'UNKNOWN')
      group by b.batch_id, n.outcome, n.error_code
      order by b.batch_id desc, count desc, n.outcome, n.error_code limit $2`,
    [rows.map(({ batch_id }) => batch_id), mostRows],
  );
  return {
    batches: rows.map((row) => ({
      batchId: row.batch_id,
      account: row.account_id,
      fileName: row.file_name,
      action: row.action ?? undefined,
      status: row.status,
      reason: row.reason ?? undefined,
      total: row.total_count ?? undefined,
      accepted: row.accepted_count,
      failed: row.failed_count,
      rejected: row.rejected_count ?? undefined,
      skipped: row.skipped_count,
      unknown: row.unknown_count,
      createdAt: row.created_at,
    })),
    count: rows[0]?.count ?? 0,
    failures: failures.rows.map((row) => ({
      batchId: row.batch_id,
      fileName: row.file_name,
      outcome: row.outcome,
      code: row.error_code ?? undefined,
      description: row.error_description ?? undefined,
      count: row.count,
    })),
    failureCount: failures.rows[0]?.kinds ?? 0,
  };
}

export function batchesSection(scope: Scope, { batches, count, failures, failureCount }: Batches): Section {
  const id = 'assignments';
  const title = 'Assignment batches';
  if (batches.length === 0)
    return {
      id,
      title,
      content: html`<p>No batch is open or finished in the last ${days} days.</p>`,
    };
  const numbers = ['total', 'accepted', 'failed', 'rejected', 'skipped', 'unknown'] as const;
  const batchTable = table<BatchRow>({
    id: 'batches',
    caption: `Batches that are open, finished in the last ${days} days, or rejected`,
    columns: [
      { title: 'Batch', numeric: true, cell: ({ batchId }) => batchId },
      accountColumn(scope, ({ account }) => account),
      { title: 'File', cell: ({ fileName }) => fileName },
      { title: 'Action', cell: ({ action }) => action ?? '' },
      { title: 'Status', cell: ({ status }) => status },
      ...numbers.map((name) => ({
        title: name === 'total' ? 'Lines' : capitalize(name),
        numeric: true,
        cell: (row: BatchRow) => (row[name] === undefined ? '' : formatCount(row[name])),
      })),
      { title: 'Submitted', cell: ({ createdAt }) => ageHtml(createdAt, scope.day) },
      { title: 'Rejection reason', cell: ({ reason }) => reason ?? '' },
    ],
    rows: batches,
    all: {
      count,
      sql: `select * from assignment_batches\nwhere ${recent}${shownCondition(scope, 'and')}\norder by batch_id desc`,
    },
  });
  const failureTable =
    failures.length === 0
      ? html`<p>Bandwidth accepted every number that was submitted.</p>`
      : table<FailureRow>({
          id: 'batch-failures',
          caption: 'Numbers that failed or were rejected, by reason',
          columns: [
            { title: 'Batch', numeric: true, cell: ({ batchId }) => batchId },
            { title: 'File', cell: ({ fileName }) => fileName },
            { title: 'Outcome', cell: ({ outcome }) => outcome },
            { title: 'Code', cell: ({ code }) => code ?? '' },
            { title: 'Numbers', numeric: true, cell: (row) => formatCount(row.count) },
            { title: 'Example reason', cell: ({ description }) => description ?? '' },
          ],
          rows: failures,
          all: {
            count: failureCount,
            sql: `select batch_id, file_name, outcome, error_code, count(*)
from assignment_batches join assignment_numbers using (batch_id)
where outcome in ('FAILED', 'REJECTED', 'UNKNOWN')${shownCondition(scope, 'and')} group by 1, 2, 3, 4 order by 1 desc, 5 desc`,
          },
        });
  const unknown = batches.reduce((sum, row) => sum + row.unknown, 0);
  const unknownNote =
    unknown === 0
      ? ''
      : html`<p>Unknown: Bandwidth's responses do not show the outcome for ${formatCount(unknown)} ${unknown === 1 ? 'number' : 'numbers'}. They count as not marked by these orders. The next nightly run reads the orders again.</p>\n`;
  return { id, title, content: html`${batchTable}\n${unknownNote}<h3>Failures</h3>\n${failureTable}` };
}
