import { createReadStream } from 'node:fs';
import { access } from 'node:fs/promises';
import { basename } from 'node:path';
import type pg from 'pg';
import { type Content, newFileId, writeParts } from './parts.js';
import type { SubmittedFile } from './submitted-files.js';

export interface NewResult {
  account: string;
  kind: 'report' | 'results' | 'unassigned' | 'rejected';
  name: string;
  content: Content;
  /** Of a report. */
  runId?: string;
  submittedFileId?: string;
  batchId?: string | undefined;
}

/**
 * Stores a file that a run wrote, in the client's transaction. It replaces the account's earlier report, or the same
 * kind of results of the same submitted file.
 */
export async function storeResult(client: pg.ClientBase, result: NewResult): Promise<void> {
  const { account, kind, name, content, runId, submittedFileId, batchId } = result;
  const fileId = await newFileId(client);
  const key = { table: 'result_files', account, fileId } as const;
  const { sha256, bytes } = await writeParts(client, key, content);
  await client.query(
    `delete from result_files where account_id = $1 and kind = $2 and submitted_file_id is not distinct from $3`,
    [account, kind, submittedFileId ?? null],
  );
  await client.query(
    `insert into result_files
       (account_id, file_id, kind, file_name, file_sha256, byte_count, submitted_file_id, batch_id, run_id)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [account, fileId, kind, name, sha256, bytes, submittedFileId ?? null, batchId ?? null, runId ?? null],
  );
}

/** Stores the rejected lines of a submitted file, if they were written to this path. */
export async function storeRejectedLines(
  client: pg.ClientBase,
  { account, fileId }: SubmittedFile,
  path: string,
  batchId?: string,
): Promise<boolean> {
  const isWritten = await access(path).then(
    () => true,
    () => false,
  );
  if (!isWritten) return false;
  const content = createReadStream(path);
  await storeResult(client, {
    ...{ account, kind: 'rejected', name: basename(path), content },
    ...{ submittedFileId: fileId, batchId },
  });
  return true;
}
