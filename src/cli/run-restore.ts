import { resolve } from 'node:path';
import { checkBackup, restoreBackup } from '../backup/restore.js';
import { toLedgerError } from '../database/connect.js';
import { type ExitStatus, exitStatus, LedgerError } from '../errors.js';
import { formatCount } from './format.js';
import { printResult } from './print-result.js';
import { showProgress, totalsOf } from './run-backup.js';
import type { Session } from './session.js';

/** Checks a backup, restores it unless `check` is set, and prints what it contains. */
export async function runRestore(
  session: Session,
  dir: string,
  { check = false, json = false }: { check?: boolean; json?: boolean },
): Promise<ExitStatus> {
  const { log, signal } = session;
  const folder = resolve(dir);
  const manifest = await checkBackup(folder, signal);
  const totals = totalsOf(manifest);
  const facts = `${formatCount(totals.rows)} rows of ${totals.tables} tables, made by ${manifest.program} on ${manifest.created_at}`;
  let text = `The backup ${folder} is complete: ${facts}.`;
  if (!check) {
    const database = await session.database();
    const foreign = await showProgress(session, { job: 'restore', folder }, (onProgress) =>
      restoreBackup(database, folder, manifest, { signal, onProgress }).catch((error: unknown) => {
        signal.throwIfAborted();
        const { message, hint } = toLedgerError(error, database.describe);
        if (error instanceof LedgerError) throw error;
        throw new LedgerError(`${message} Nothing was restored: ${database.describe} is as empty as before.`, {
          ...(hint !== undefined && { hint }),
          cause: error,
        });
      }),
    );
    for (const name of foreign) {
      log.warn(
        `${name} was not restored: it isn't a table of tn-ledger. Create it yourself and load its file with COPY.`,
      );
    }
    text = `Restored ${facts} into ${database.describe}.`;
  }
  printResult(json ? JSON.stringify({ folder, ...totals, restored: !check }, null, 2) : text, { json });
  return exitStatus.done;
}
