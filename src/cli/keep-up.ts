import { writeNextBackup } from '../backup/keep-backups.js';
import type { Database } from '../database/connect.js';
import { describePruned, prune } from '../upkeep/prune.js';
import { dueTasks, runTask, type UpkeepTask } from '../upkeep/tasks.js';
import { describeFailure } from './failure.js';
import { openLedger } from './open-ledger.js';
import { pollDatabase } from './poll-database.js';
import { describeBackup } from './run-backup.js';
import { type ApiSession, explain, type Session } from './session.js';

/**
 * Backs up and prunes the ledger after nightly runs, until the session's signal is aborted. Of several hosts, one does each:
 * one with TN_LEDGER_BACKUP_DIR the backup.
 */
export async function keepUp(session: ApiSession): Promise<void> {
  let isWaiting = false;
  await pollDatabase(session, {
    async open(own) {
      const database = await openLedger(own);
      isWaiting = false;
      return database;
    },
    work: doDueTasks,
    onError(error) {
      if (!isWaiting) session.log.warn(`Backups and pruning wait for the database. ${describeFailure(error)}`);
      isWaiting = true;
    },
    signal: session.signal,
  });
}

/** Does what is due now and isn't being done by another host. */
async function doDueTasks(session: Session, database: Database): Promise<void> {
  const { config, log, signal, redact } = session;
  const { folder, keep } = config.backups;
  const work: Partial<Record<UpkeepTask, () => Promise<string>>> = {
    ...(folder !== undefined && {
      backup: async () => {
        const { removed, ...written } = await writeNextBackup(database, folder, { keep, signal });
        const older = removed.length === 0 ? '' : ` Removed ${removed.length} older.`;
        return `${describeBackup(written)}${older}`;
      },
    }),
    prune: async () => describePruned(await prune(database, config, { dryRun: false, signal })),
  };
  for (const task of await dueTasks(database.pool, Object.keys(work) as UpkeepTask[])) {
    const outcome = await runTask(database, task, work[task] as () => Promise<string>, redact);
    signal.throwIfAborted();
    if (outcome.result === 'done') log.info(outcome.summary);
    if (outcome.result === 'failed') {
      log.error(
        `The ${task} after the nightly runs failed; it will be tried again in an hour. ${describeFailure(explain(outcome.error, database))}`,
      );
    }
  }
}
