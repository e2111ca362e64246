import type pg from 'pg';
import { unresolvedFile } from '../stored-files/find-files.js';
import { formatDuration } from './format.js';

/** A submitted file that waits for a run, or that was rejected as a whole. */
export interface OpenFile {
  account_id: string;
  file_id: string;
  file_name: string;
  purpose: string;
  state: string;
  error: string | null;
  age_seconds: number;
}

/**
 * The submitted files that are waiting, and those to classify that failed. Files to assign that are taken or failed are
 * listed as batches.
 */
export async function readOpenFiles(pool: pg.Pool, applied: readonly string[]): Promise<OpenFile[]> {
  if (!applied.includes('0011-stored-files')) return [];
  const { rows } = await pool.query(
    `select f.account_id, f.file_id, f.file_name, f.purpose, f.state, f.error,
            extract(epoch from clock_timestamp() - coalesce(f.finished_at, f.submitted_at))::float8 as age_seconds
       from submitted_files f
      where f.state = 'waiting' or (f.batch_id is null and ${unresolvedFile})
      order by f.account_id, f.file_id`,
  );
  return rows;
}

/** Describes the files, one paragraph each. */
export function describeOpenFiles(files: readonly OpenFile[]): string[] {
  return files.flatMap(
    ({ account_id: account, file_id: id, file_name: name, state, error, age_seconds: age, purpose }) => [
      '',
      state === 'waiting'
        ? `Submitted file ${id} (${name}, ${purpose}) of account ${account} has been waiting for ${formatDuration(age)}. The next nightly run of the account takes it`
        : `Submitted file ${id} (${name}, ${purpose}) of account ${account} was rejected ${formatDuration(age)} ago: ${error} Submit a corrected file of the same name, or acknowledge it: tn-ledger files acknowledge ${id}`,
    ],
  );
}
