import type pg from 'pg';
import type { ReportResource } from '../dashboard/billing-reports.js';
import type { Database } from '../database/connect.js';
import { change } from '../database/transaction.js';
import type { Day } from '../days.js';

/** Who requested a report: the nightly run, or a user. */
export type Requester = 'night' | 'command';

/** A requested report that isn't finished: Bandwidth is building it, or its archive waits to be loaded. */
export interface OpenReport {
  reportId: string;
  type: string;
  from: Day;
  to: Day;
  /** Last day of the requested range: `to`, or the day after. */
  requestedTo: Day;
  resource: ReportResource;
  state: 'waiting' | 'downloaded';
  requestedAt: Date;
  /** File name in `downloads/`, once downloaded. */
  archiveFile: string | undefined;
}

/** A file of an archive, as in `billing_reports.files`. */
export interface ReportFile {
  name: string;
  /** Uncompressed. */
  bytes: number;
  /** Null: a document, which is not loaded. */
  rows: number | null;
  rejected: number;
  /** Of the uncompressed content, hexadecimal; undefined for documents, and if an earlier version loaded the file. */
  sha256?: string;
}

interface Row {
  report_id: string;
  type: string;
  from: Day;
  to: Day;
  requested_to: Day;
  source: ReportResource;
  state: 'waiting' | 'downloaded';
  requested_at: Date;
  archive_file: string | null;
}

/** Returns the reports that earlier runs requested and didn't finish, oldest days first. */
export async function openReports(
  pool: pg.Pool,
  account: string,
  filter: { type: string; range?: { from: Day; to: Day; resource: ReportResource } },
): Promise<OpenReport[]> {
  const { rows } = await pool.query<Row>(
    `select report_id, type, start_date::text as from, end_date::text as to,
            coalesce(requested_end_date, end_date)::text as requested_to, source, state, requested_at, archive_file
       from billing_reports
      where account_id = $1 and type = $2 and state in ('waiting', 'downloaded') and source <> 'file'
        and ($3::date is null or (start_date = $3 and end_date = $4 and source = $5))
      order by start_date, requested_at`,
    [account, filter.type, filter.range?.from, filter.range?.to, filter.range?.resource],
  );
  return rows.map((row) => ({
    reportId: row.report_id,
    type: row.type,
    from: row.from,
    to: row.to,
    requestedTo: row.requested_to,
    resource: row.source,
    state: row.state,
    requestedAt: row.requested_at,
    archiveFile: row.archive_file ?? undefined,
  }));
}

export interface NewReport {
  reportId: string;
  type: string;
  from: Day;
  to: Day;
  requestedTo: Day;
  resource: ReportResource;
  requestedBy: Requester;
  requestedAt: Date;
  status: string | undefined;
  description: string | undefined;
}

/**
 * Records a request as soon as its id is known, so that whatever happens next, the report is awaited and not
 * requested again.
 */
export async function recordRequest(database: Database, account: string, report: NewReport): Promise<OpenReport> {
  const { reportId, type, from, to, requestedTo, resource, requestedBy, requestedAt, status, description } = report;
  await change(
    database,
    `insert into billing_reports
       (account_id, report_id, type, start_date, end_date, source, requested_by, state, status, description, requested_at,
        requested_end_date)
     values ($1, $2, $3, $4, $5, $6, $7, 'waiting', $8, $9, $10, nullif($11::date, $5::date))
     on conflict (account_id, report_id) do update set state = 'waiting', requested_at = excluded.requested_at`,
    [account, reportId, type, from, to, resource, requestedBy, status, description, requestedAt, requestedTo],
  );
  return { reportId, type, from, to, requestedTo, resource, state: 'waiting', requestedAt, archiveFile: undefined };
}

/** Records the status that Bandwidth reports. */
export async function recordStatus(
  database: Database,
  account: string,
  reportId: string,
  reported: { status: string | undefined; description: string | undefined; isReady: boolean },
): Promise<void> {
  await change(
    database,
    `update billing_reports
        set status = coalesce($3, status), description = coalesce($4, description),
            completed_at = case when $5 then coalesce(completed_at, clock_timestamp()) else completed_at end
      where account_id = $1 and report_id = $2`,
    [account, reportId, reported.status, reported.description, reported.isReady],
  );
}

/** Records that a report failed; the next nightly run requests its days again. */
export async function recordFailure(
  database: Database,
  account: string,
  reportId: string,
  error: string,
): Promise<void> {
  await change(
    database,
    `update billing_reports set state = 'failed', error = $3 where account_id = $1 and report_id = $2`,
    [account, reportId, error],
  );
}

/** Records why a downloaded archive could not be loaded. */
export async function recordLoadError(
  database: Database,
  account: string,
  reportId: string,
  error: string,
): Promise<void> {
  await change(database, `update billing_reports set error = $3 where account_id = $1 and report_id = $2`, [
    account,
    reportId,
    error,
  ]);
}

export interface ArchiveFacts {
  file: string;
  bytes: number;
  sha256: string;
}

/** Records that the complete archive is in the downloads folder. */
export async function recordArchive(
  database: Database,
  account: string,
  reportId: string,
  { file, bytes, sha256 }: ArchiveFacts,
): Promise<void> {
  await change(
    database,
    `update billing_reports
        set state = 'downloaded', archive_file = $3, archive_bytes = $4, archive_sha256 = $5, error = null,
            completed_at = coalesce(completed_at, clock_timestamp())
      where account_id = $1 and report_id = $2`,
    [account, reportId, file, bytes, sha256],
  );
}

/** Records an archive that a user supplies; the same archive is the same report. */
export async function recordFile(
  database: Database,
  account: string,
  report: { type: string; days: { from: Day; to: Day } | undefined; archive: ArchiveFacts },
): Promise<string> {
  const { type, days, archive } = report;
  const reportId = `file-${archive.sha256.slice(0, 32)}-${type.toLowerCase()}`;
  await change(
    database,
    `insert into billing_reports
       (account_id, report_id, type, start_date, end_date, source, requested_by, state, completed_at, archive_bytes, archive_sha256)
     values ($1, $2, $3, $4, $5, 'file', 'command', 'downloaded', clock_timestamp(), $6, $7)
     on conflict (account_id, report_id) do update set completed_at = excluded.completed_at`,
    [account, reportId, type, days?.from, days?.to, archive.bytes, archive.sha256],
  );
  return reportId;
}
