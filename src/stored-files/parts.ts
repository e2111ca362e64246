import { createHash } from 'node:crypto';
import type pg from 'pg';
import { LedgerError } from '../errors.js';

/** The tables of files; each has a table of parts. */
export type FileTable = 'submitted_files' | 'result_files';

const partTables = { submitted_files: 'submitted_file_parts', result_files: 'result_file_parts' } as const;

/** A file in the database. */
export interface StoredFile {
  table: FileTable;
  account: string;
  /** Unique over both tables. */
  fileId: string;
  name: string;
  sha256: string;
  bytes: number;
}

/** The bytes of a file to store; text is stored as UTF-8. */
export type Content = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>;

/** A part is sent, received and held in memory as a whole. Changing this doesn't affect files that are stored. */
const partBytes = 1024 * 1024;

/** Returns a number for a new file. */
export async function newFileId(client: pg.ClientBase): Promise<string> {
  const { rows } = await client.query(`select nextval('tn_ledger.file_ids')::text as id`);
  return rows[0].id;
}

/**
 * Stores the content of a file, of any size, in the client's transaction. The file's own row may follow in the same
 * transaction.
 */
export async function writeParts(
  client: pg.ClientBase,
  { table, account, fileId }: Pick<StoredFile, 'table' | 'account' | 'fileId'>,
  content: Content,
): Promise<Pick<StoredFile, 'sha256' | 'bytes'>> {
  const hash = createHash('sha256');
  let bytes = 0;
  let count = 0;
  const write = async (part: Buffer) => {
    hash.update(part);
    bytes += part.length;
    count += 1;
    const insert = `insert into ${partTables[table]} (account_id, file_id, part_number, content) values ($1, $2, $3, $4)`;
    await client.query(insert, [account, fileId, count, part]);
  };
  let waiting: Buffer[] = [];
  let length = 0;
  for await (const piece of content) {
    const bytesOfPiece = Buffer.from(piece as string);
    waiting.push(bytesOfPiece);
    length += bytesOfPiece.length;
    if (length < partBytes) continue;
    let rest = Buffer.concat(waiting);
    for (; rest.length >= partBytes; rest = rest.subarray(partBytes)) await write(rest.subarray(0, partBytes));
    waiting = [rest];
    length = rest.length;
  }
  const last = Buffer.concat(waiting);
  if (last.length > 0) await write(last);
  return { sha256: hash.digest('hex'), bytes };
}

/**
 * Yields the content of a file, part by part.
 *
 * @throws {LedgerError} after the last part, if the bytes aren't those that were stored
 */
export async function* readParts(
  client: pg.ClientBase | pg.Pool,
  { table, account, fileId, name, sha256 }: StoredFile,
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  for (let part = 1; ; part += 1) {
    const { rows } = await client.query<{ content: Buffer }>(
      `select content from ${partTables[table]} where account_id = $1 and file_id = $2 and part_number = $3`,
      [account, fileId, part],
    );
    const [row] = rows;
    if (row === undefined) break;
    hash.update(row.content);
    yield row.content;
  }
  if (hash.digest('hex') === sha256) return;
  throw new LedgerError(
    `File ${fileId} (${name}) of account ${account} is damaged: its bytes in ${partTables[table]} don't have the SHA-256 that was stored with it.`,
    { hint: 'Restore the table from a backup, or submit the file again.' },
  );
}
