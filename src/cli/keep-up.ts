import { writeNextBackup } from '../backup/keep-backups.js';
import type { Database } from '../database/connect.js';
import { sleep } from '../retry.js';
import { describePruned, prune } from '../upkeep/prune.js';
import { dueTasks, runTask, type UpkeepTask } from '../upkeep/tasks.js';
import { describeFailure } from './failure.js';
import { openLedger } from './open-ledger.js';
import { describeBackup } from './run-backup.js';
import type { Session } from './session.js';

const pollMs = 60_000;

/**
 * Backs up and prunes the ledger after nightly runs, until the session's signal is aborted. Of several hosts, one does each:
 * one with TN_LEDGER_BACKUP_DIR the backup.
 *
 * @param openSession opens a session with its own connections, because the database may be down for a while
 */
export async function keepUp(
  { log, signal }: Session,
  openSession: (work: (session: Session) => Promise<void>) => Promise<void>,
): Promise<void> {
  let isWaiting = false;
  while (!signal.aborted) {
    try {
      await openSession(async (session) => {
        const database = await openLedger(session);
        isWaiting = false;
        while (!signal.aborted) {
          await doDueTasks(session, database);
          await sleep(pollMs, signal);
        }
      });
    } catch (error) {
      if (signal.aborted) return;
      if (!isWaiting) log.warn(`Backups and pruning wait for the database. ${describeFailure(error)}`);
      isWaiting = true;
    }
    await sleep(pollMs, signal).catch(() => undefined);
  }
}

/** Does what is due now and isn't being done by another host. */
export async function doDueTasks(session: Session, database: Database): Promise<void> {
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
        `The ${task} after the nightly runs failed; it will be tried again in an hour. ${describeFailure(outcome.error)}`,
      );
    }
  }
}
