import { createHash } from 'node:crypto';
import { basename, resolve } from 'node:path';
import { accountNamed } from '../config.js';
import type { Database } from '../database/connect.js';
import { inTransaction } from '../database/transaction.js';
import { type ExitStatus, exitStatus, LedgerError, messageOf, UsageError } from '../errors.js';
import { checkOutputPath, writeWhole } from '../output-file.js';
import { findFiles } from '../stored-files/find-files.js';
import { type Content, readParts, type StoredFile } from '../stored-files/parts.js';
import { formatCount } from './format.js';
import { openLedgerToRead } from './open-ledger.js';
import { printResult, writeToStdout } from './print-result.js';
import { mayReadSubmitted, withOwnColumns } from './result-columns.js';
import type { Session } from './session.js';

export interface GetFileOptions {
  account?: string;
  out?: string;
  force?: boolean;
  json?: boolean;
}

/** Writes a file of the database to a file or to standard output: byte for byte, but results with the submitted file's columns. */
export async function getFile(
  session: Session,
  wanted: string,
  { account: named, out, force = false, json = false }: GetFileOptions,
): Promise<ExitStatus> {
  if (out === '') throw new UsageError('--out is empty.');
  if (out !== undefined && out !== '-') await checkOutputPath(resolve(out), { replace: force });
  const database = await openLedgerToRead(session);
  const account = named === undefined ? undefined : accountNamed(session.config, named);
  const file = await findOne(database, wanted, account);
  await checkRights(database, file);
  const read = (write: (content: Content) => Promise<void>) =>
    // A file isn't changed, but a newer report or result may replace it meanwhile.
    inTransaction(database, { snapshot: true, signal: session.signal }, (client) =>
      withOwnColumns(database, file, readParts(client, file), write),
    );
  if (out === '-') {
    await read(writeToStdout);
    return exitStatus.done;
  }
  const path = resolve(out ?? basename(file.name));
  await checkOutputPath(path, { replace: force });
  const hash = createHash('sha256');
  let bytes = 0;
  async function* measured(content: Content): AsyncGenerator<Buffer> {
    for await (const piece of content) {
      const part = Buffer.from(piece as string);
      hash.update(part);
      bytes += part.length;
      yield part;
    }
  }
  await read((content) => write(path, measured(content), force));
  const sha256 = hash.digest('hex');
  const text = json
    ? JSON.stringify(
        {
          file_id: file.fileId,
          account_id: file.account,
          file: path,
          file_sha256: sha256,
          byte_count: bytes,
        },
        null,
        2,
      )
    : `File ${file.fileId} of account ${file.account} (${file.name}, ${formatCount(bytes)} bytes) written to ${path}\nSHA-256 ${sha256}`;
  printResult(text, { json });
  return exitStatus.done;
}

async function findOne(database: Database, wanted: string, account: string | undefined): Promise<StoredFile> {
  const found = await findFiles(database.pool, { account, wanted });
  const [first] = found;
  if (first === undefined) {
    const whose = account === undefined ? '' : ` of account ${account}`;
    throw new LedgerError(`There is no file ${JSON.stringify(wanted)}${whose} in ${database.describe}.`, {
      hint: 'Run `tn-ledger files` to list the files.',
    });
  }
  const accounts = [...new Set(found.map((file) => file.account))];
  if (first.fileId === wanted || accounts.length === 1) return first;
  throw new UsageError(`Several accounts have a file ${JSON.stringify(wanted)}: ${accounts.sort().join(', ')}.`, {
    hint: 'Select the account with --account ID, or name the file by its number.',
  });
}

async function checkRights(database: Database, { table, fileId, name }: StoredFile): Promise<void> {
  if (table !== 'submitted_files' || (await mayReadSubmitted(database))) return;
  const { describe } = database;
  throw new LedgerError(
    `The user of DATABASE_URL may not read the content of submitted files, such as file ${fileId} (${name}), in ${describe}.`,
    { hint: 'Results and reports can be read. For a submitted file, connect as the owner of the ledger.' },
  );
}

async function write(path: string, content: Content, replace: boolean): Promise<void> {
  try {
    await writeWhole(
      path,
      async (handle) => {
        for await (const part of content) await handle.appendFile(part);
      },
      { replace },
    );
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined || error instanceof LedgerError) throw error;
    throw new LedgerError(`The file can't be written to ${path}: ${code ?? messageOf(error)}. Nothing was written.`, {
      hint: 'Free disk space, make the folder writable for this user, or choose another file with --out FILE.',
      cause: error,
    });
  }
}
