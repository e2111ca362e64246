import { accountNamed } from '../config.js';
import { type ExitStatus, exitStatus, UsageError } from '../errors.js';
import { formatMinute } from '../format.js';
import { type FileList, listFiles, type ResultRow, type SubmittedRow } from '../stored-files/find-files.js';
import { formatCount, formatTable } from './format.js';
import { openLedgerToRead } from './open-ledger.js';
import { printResult } from './print-result.js';
import type { Session } from './session.js';

export interface FilesOptions {
  account?: string;
  limit: string;
  json?: boolean;
}

/** Prints the files in the database. */
export async function printFiles(
  session: Session,
  { account, limit, json = false }: FilesOptions,
): Promise<ExitStatus> {
  if (!/^[1-9]\d{0,8}$/.test(limit))
    throw new UsageError(`--limit must be a whole number of at least 1, not ${JSON.stringify(limit)}.`);
  const { pool } = await openLedgerToRead(session);
  const list = await listFiles(pool, {
    account: account && accountNamed(session.config, account),
    limit: Number(limit),
  });
  const { submitted, results } = list;
  printResult(session.redact(json ? JSON.stringify({ submitted, results }, null, 2) : asText(list)), { json });
  return exitStatus.done;
}

function asText({ submitted, results, submittedCount, resultCount }: FileList): string {
  const lines: string[] = [];
  if (submitted.length === 0)
    lines.push('No files were submitted. To submit one: tn-ledger submit FILE --action ASSIGN');
  else {
    lines.push(
      formatTable(
        ['file', 'account', 'name', 'for', 'state', 'batch', 'bytes', 'submitted', 'by', 'finished'],
        submitted.map(submittedCells),
        { right: [0, 5, 6] },
      ),
    );
    for (const { file_id, error } of submitted) if (error !== null) lines.push(`File ${file_id}: ${error}`);
  }
  if (submitted.length < submittedCount) lines.push(describeRest(submittedCount - submitted.length, 'submitted'));
  if (results.length > 0) {
    const header = ['file', 'account', 'name', 'kind', 'of file', 'batch', 'bytes', 'stored'];
    lines.push('', formatTable(header, results.map(resultCells), { right: [0, 4, 5, 6] }));
  }
  if (results.length < resultCount) lines.push(describeRest(resultCount - results.length, 'result'));
  if (submitted.length + results.length > 0) lines.push('', 'To read one back: tn-ledger files get NUMBER');
  return lines.join('\n');
}

function describeRest(count: number, kind: string): string {
  return `${formatCount(count)} older ${kind} ${count === 1 ? 'file is' : 'files are'} not listed. To list more: --limit`;
}

function submittedCells(row: SubmittedRow): string[] {
  const { action, category, prune } = row.options;
  return [
    row.file_id,
    row.account_id,
    row.file_name,
    [row.purpose, category ?? action ?? (prune ? 'and prune' : '')].join(' ').trim(),
    row.acknowledged_at === null ? row.state : `${row.state} (acknowledged)`,
    row.batch_id ?? '',
    formatCount(row.byte_count),
    formatMinute(row.submitted_at),
    `${row.submitted_by} on ${row.submitted_host}`,
    row.finished_at === null ? '' : formatMinute(row.finished_at),
  ];
}

function resultCells(row: ResultRow): string[] {
  return [
    row.file_id,
    row.account_id,
    row.file_name,
    row.kind,
    row.submitted_file_id ?? '',
    row.batch_id ?? '',
    formatCount(row.byte_count),
    formatMinute(row.created_at),
  ];
}
