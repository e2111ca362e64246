import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '../../database/connect.js';
import { copyRows } from '../../database/copy.js';
import { inTransaction } from '../../database/transaction.js';
import type { Day } from '../../days.js';
import { fileNamePart } from '../../downloads-folder.js';
import { LedgerError } from '../../errors.js';
import type { AssignmentReportForm } from '../form-data.js';
import { formHint, openReport, type ReportTable, UnknownFormError } from './read-report.js';
import { unzip } from './unzip.js';

export interface LoadedReport {
  table: ReportTable;
  /** Lines below the headings that aren't blank. */
  rows: number;
  numbers: number;
  /** Numbers whose status isn't understood or contradictory. */
  unknown: number;
  /** A few of their statuses, as written. */
  unknownStatuses: readonly string[];
  /** Lines without a number that can be read. */
  rejected: number;
  /** Rows of `assignment_report_numbers` that changed. */
  written: number;
}

/** The file can be read, but there is nothing in it to load. */
export class EmptyReportError extends LedgerError {
  override readonly name = 'EmptyReportError';
}

/**
 * Loads a downloaded report in one transaction, in place of the account's previous one. Only numbers that differ from
 * those of the previous report are written.
 *
 * @throws {UnknownFormError} its headings, or all of its statuses, are unknown
 * @throws {EmptyReportError} it has no number that can be read
 * @throws {UnusableFileError} it isn't text, CSV, or an archive of one such file
 */
export async function loadReport(
  database: Database,
  { account, periodStart, folder, file }: { account: string; periodStart: Day; folder: string; file: string },
  { form, signal, onLines }: { form: AssignmentReportForm; signal: AbortSignal; onLines(count: number): void },
): Promise<LoadedReport> {
  const path = join(folder, file);
  const text = await unzip(path);
  try {
    const table = await openReport(text, form, signal);
    // Repeatable: an attempt reads the file from the beginning.
    return await inTransaction(database, { repeatable: true, largeJoin: true, signal }, async (client) => {
      await client.query(
        `create temp table assignment_report_lines
           (line_number integer, number text, status text, reason text, telephone_number text collate "C", assignment_status text)
           on commit drop`,
      );
      const columns = ['line_number', 'number', 'status', 'reason', 'telephone_number', 'assignment_status'];
      let rows = 0;
      for await (const batch of table.lines()) {
        const values = batch.map(({ line, given, reason, number, status }) => [
          ...[String(line), given.number, given.status, reason, number, status],
        ]);
        rows += await copyRows(client, { table: 'assignment_report_lines', columns }, values);
        onLines(batch.length);
      }
      await client.query('analyze assignment_report_lines');
      const counts = await merge(client, account);
      const { numbers, unknown, unknownStatuses } = counts;
      if (numbers === 0) throw new EmptyReportError(`None of its ${rows} lines has a number that can be read.`);
      if (unknown === numbers) {
        const shown = unknownStatuses.map((status) => JSON.stringify(status)).join(', ');
        throw new UnknownFormError(`None of its statuses is known, such as ${shown}.`, { hint: formHint });
      }
      await client.query(
        `update assignment_reports set state = 'replaced' where account_id = $1 and state = 'loaded' and period_start <> $2`,
        [account, periodStart],
      );
      await client.query(
        `update assignment_reports
            set state = 'loaded', loaded_at = clock_timestamp(), error = null, row_count = $3, number_count = $4, unknown_count = $5,
                rejected_count = $6, file_sha256 = $7, columns = $8, ignored_columns = $9, form_version = $10
          where account_id = $1 and period_start = $2`,
        [
          ...[account, periodStart, rows, numbers, unknown, counts.rejected, table.sha256],
          ...[JSON.stringify(table.columns), table.ignored, form.version],
        ],
      );
      return { table, rows, ...counts };
    });
  } finally {
    if (text !== path) await rm(text, { force: true });
  }
}

/** Brings the account's numbers and rejected lines up to date with the lines in the temporary table. */
async function merge(
  client: Parameters<typeof copyRows>[0],
  account: string,
): Promise<Pick<LoadedReport, 'numbers' | 'unknown' | 'unknownStatuses' | 'rejected' | 'written'>> {
  const { rows } = await client.query(
    `with listed as materialized (
       select telephone_number,
              case when count(*) = count(assignment_status) and min(assignment_status) = max(assignment_status)
                then min(assignment_status) end as assignment_status,
              case when min(status) = max(status) then min(status) else min(status) || ' / ' || max(status) end as given_status
         from assignment_report_lines where telephone_number is not null group by 1
     ),
     removed as (
       delete from assignment_report_numbers n
        where account_id = $1 and not exists (select from listed l where l.telephone_number = n.telephone_number)
       returning 1
     ),
     written as (
       insert into assignment_report_numbers as n (account_id, telephone_number, assignment_status, given_status)
       select $1, telephone_number, assignment_status, given_status from listed
       on conflict (account_id, telephone_number) do update
          set assignment_status = excluded.assignment_status, given_status = excluded.given_status
        where (n.assignment_status, n.given_status) is distinct from (excluded.assignment_status, excluded.given_status)
       returning 1
     ),
     not_understood as (select given_status, count(*) as numbers from listed where assignment_status is null group by 1)
     select (select count(*)::integer from listed) as numbers,
            (select coalesce(sum(numbers), 0)::integer from not_understood) as unknown,
            array(select given_status from not_understood order by numbers desc, 1 limit 5) as "unknownStatuses",
            (select count(*) from removed)::integer + (select count(*) from written)::integer as written`,
    [account],
  );
  await client.query('delete from assignment_report_rejects where account_id = $1', [account]);
  const { rowCount } = await client.query(
    `insert into assignment_report_rejects (account_id, line_number, reason, number, status)
     select $1, line_number, reason, number, status from assignment_report_lines where telephone_number is null`,
    [account],
  );
  return { ...rows[0], rejected: rowCount ?? 0 };
}

/** What the files of an account's reports begin with in the downloads folder. */
function prefixOf(account: string): string {
  return `${fileNamePart(account)}-assignment-report-`;
}

export function fileNameOf(account: string, instanceId: string): string {
  return `${prefixOf(account)}${fileNamePart(instanceId)}.csv`;
}

/** Removes the account's other files of reports from this host: only the latest is kept. */
export async function removeOtherFiles(folder: string, account: string, file: string): Promise<void> {
  const others = (await readdir(folder)).filter((name) => name.startsWith(prefixOf(account)) && name !== file);
  for (const name of others) await rm(join(folder, name), { force: true });
}
