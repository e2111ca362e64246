import type pg from 'pg';
import type { StoredFile } from './parts.js';

type Queryable = pg.ClientBase | pg.Pool;

/** A submitted file, as listed; the names are those of the columns. */
export interface SubmittedRow {
  file_id: string;
  account_id: string;
  file_name: string;
  file_sha256: string;
  byte_count: number;
  purpose: string;
  options: { action?: string; category?: string; prune?: boolean };
  state: string;
  batch_id: string | null;
  error: string | null;
  submitted_at: Date;
  submitted_role: string;
  submitted_by: string;
  submitted_host: string;
  finished_at: Date | null;
  acknowledged_at: Date | null;
}

/** A result file, as listed. */
export interface ResultRow {
  file_id: string;
  account_id: string;
  kind: string;
  file_name: string;
  file_sha256: string;
  byte_count: number;
  submitted_file_id: string | null;
  batch_id: string | null;
  run_id: string | null;
  created_at: Date;
}

export interface Listing {
  /** Undefined: all accounts. */
  account: string | undefined;
  /** How many rows of each table, newest first. */
  limit: number;
}

export interface FileList {
  submitted: SubmittedRow[];
  results: ResultRow[];
  /** How many there are without the limit. */
  submittedCount: number;
  resultCount: number;
}

/**
 * SQL condition: a submitted file that failed, that nobody acknowledged, and that no later file of the same name and
 * purpose replaced.
 */
export const unresolvedFile = `f.state = 'failed' and f.acknowledged_at is null and not exists (
  select from submitted_files later
   where later.account_id = f.account_id and later.purpose = f.purpose and later.file_name = f.file_name
     and later.file_id > f.file_id)`;

/** Lists the newest files. Submitted files that aren't finished, or need attention, are listed however old they are. */
export async function listFiles(db: Queryable, { account, limit }: Listing): Promise<FileList> {
  const { rows: submitted } = await db.query(
    `select f.file_id, f.account_id, f.file_name, f.file_sha256, f.byte_count::float8 as byte_count, f.purpose, f.options, f.state,
            f.batch_id, f.error, f.submitted_at, f.submitted_role, f.submitted_by, f.submitted_host, f.finished_at,
            f.acknowledged_at, f.total
       from (select *, row_number() over (order by file_id desc) as place, count(*) over ()::integer as total
               from submitted_files where $1::text is null or account_id = $1) f
      where f.place <= $2 or f.state in ('waiting', 'taken') or ${unresolvedFile}
      order by f.file_id desc`,
    [account ?? null, limit],
  );
  const { rows: results } = await db.query(
    `select file_id, account_id, kind, file_name, file_sha256, byte_count::float8 as byte_count, submitted_file_id,
            batch_id, run_id, created_at, count(*) over ()::integer as total
       from result_files where $1::text is null or account_id = $1 order by file_id desc limit $2`,
    [account ?? null, limit],
  );
  return {
    submitted: submitted.map(({ total, ...row }) => row),
    results: results.map(({ total, ...row }) => row),
    submittedCount: submitted[0]?.total ?? 0,
    resultCount: results[0]?.total ?? 0,
  };
}

/** Returns the files with a number or a name, newest first. */
export async function findFiles(
  db: Queryable,
  { account, wanted }: { account: string | undefined; wanted: string },
): Promise<StoredFile[]> {
  const isNumber = /^\d{1,18}$/.test(wanted);
  const { rows } = await db.query(
    `select * from (
       select 'submitted_files' as source, account_id, file_id, file_name, file_sha256, byte_count from submitted_files
       union all
       select 'result_files', account_id, file_id, file_name, file_sha256, byte_count from result_files) f
      where ($1::text is null or account_id = $1) and (file_id = $2 or file_name = $3)
      order by (file_id = $2) desc nulls last, file_id desc`,
    [account ?? null, isNumber ? wanted : null, wanted],
  );
  return rows.map((row) => ({
    table: row.source,
    account: row.account_id,
    fileId: row.file_id,
    name: row.file_name,
    sha256: row.file_sha256,
    bytes: Number(row.byte_count),
  }));
}

/**
 * Records that somebody acknowledged the failure of a submitted file.
 *
 * @returns the file's state, whether that changed anything, and the batch that records the rejection; undefined if no
 *   submitted file of the account has the number
 */
export async function acknowledgeFile(
  db: Queryable,
  { account, fileId }: { account: string | undefined; fileId: string },
): Promise<Pick<SubmittedRow, 'account_id' | 'file_name' | 'state' | 'acknowledged_at' | 'batch_id'> | undefined> {
  const { rows } = await db.query(
    `with known as (
       select * from submitted_files where file_id = $2 and ($1::text is null or account_id = $1) for update
     ), acknowledged as (
       update submitted_files f set acknowledged_at = clock_timestamp() from known k
        where f.account_id = k.account_id and f.file_id = k.file_id and k.state = 'failed' and k.acknowledged_at is null)
     select account_id, file_name, state, acknowledged_at, batch_id from known`,
    [account ?? null, fileId],
  );
  return rows[0];
}
