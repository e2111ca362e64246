import { acknowledge } from '../assignment/rejected-files.js';
import { accountNamed } from '../config.js';
import { inTransaction } from '../database/transaction.js';
import { type ExitStatus, exitStatus, LedgerError, UsageError } from '../errors.js';
import { formatMinute } from '../format.js';
import { acknowledgeFile } from '../stored-files/find-files.js';
import { openLedgerAsOwner } from './open-ledger.js';
import type { FilesOptions } from './print-files.js';
import { printResult } from './print-result.js';
import type { Session } from './session.js';

const hint = 'Run `tn-ledger files` to list the files.';

/** Acknowledges that a submitted file failed, and the rejected batch that records it, and prints the result. */
export async function acknowledgeSubmitted(
  session: Session,
  fileId: string,
  { account: named, json = false }: Pick<FilesOptions, 'account' | 'json'>,
): Promise<ExitStatus> {
  if (!/^\d{1,18}$/.test(fileId)) throw new UsageError(`${JSON.stringify(fileId)} is not a file number.`, { hint });
  const account = named === undefined ? undefined : accountNamed(session.config, named);
  const database = await openLedgerAsOwner(session, 'Nothing was changed.');
  const before = await inTransaction(database, { signal: session.signal, repeatable: true }, async (client) => {
    const file = await acknowledgeFile(client, { account, fileId });
    if (file?.state === 'failed' && file.batch_id !== null) await acknowledge(client, file.batch_id);
    return file;
  });
  if (before === undefined) {
    const whose = account === undefined ? '' : ` of account ${account}`;
    throw new LedgerError(`There is no submitted file ${fileId}${whose}. Nothing was changed.`, { hint });
  }
  const { account_id, file_name, state, acknowledged_at } = before;
  if (state !== 'failed') throw new LedgerError(`File ${fileId} is ${state}, not failed. Nothing was changed.`);
  const result = { file_id: fileId, account_id, file_name, changed: acknowledged_at === null };
  const title = `file ${fileId} (${file_name}, account ${account_id})`;
  const text =
    acknowledged_at === null
      ? `Acknowledged: ${title}. It no longer needs attention.`
      : `Already acknowledged at ${formatMinute(acknowledged_at)}: ${title}. Nothing was changed.`;
  printResult(json ? JSON.stringify(result, null, 2) : text, { json });
  return exitStatus.done;
}
