import { hostname } from 'node:os';
import type pg from 'pg';
import { takeLock } from '../database/advisory-locks.js';
import type { Database } from '../database/connect.js';
import { nightsQueue, queueSchema } from '../database/queue-schema.js';
import { change } from '../database/transaction.js';
import { AlreadyRunningError, messageOf } from '../errors.js';
import type { Redact } from '../redact.js';

/** What `tn-ledger schedule` does once per ledger after the nightly runs. */
export type UpkeepTask = 'backup' | 'prune';

/** The migration that creates the table of tasks. */
export const tasksMigration = '0014-upkeep';

/**
 * How long a task waits for nightly runs to end, after the last one was due: one that is tried again until the API is
 * back must not cost the day's backup, which may be written while jobs run.
 */
const longestWait = '6 hours';
/** Runs at several times of the day, of accounts with their own schedules, don't make several backups. */
const shortestInterval = '12 hours';
const retryAfter = '1 hour';

/** SQL: the tasks that are due, and the latest nightly run that they follow. */
const dueSql = `
  select task, latest::text as night
    from upkeep_tasks
   cross join (select max((data ->> 'night')::timestamptz) as latest, coalesce(bool_or(state <= 'active'), false) as open
                 from ${queueSchema}.job where name = $1 and (data ->> 'night')::timestamptz <= clock_timestamp()) as nights
   where latest > coalesce(night, '-infinity')
     and (not open or latest < clock_timestamp() - interval '${longestWait}')
     and coalesce(succeeded_at, '-infinity') < clock_timestamp() - interval '${shortestInterval}'
     and (started_at is null or succeeded_at >= started_at or started_at < clock_timestamp() - interval '${retryAfter}')
     and task = any ($2)`;

/** Which of the tasks are due now, on any host. */
export async function dueTasks(pool: pg.Pool, tasks: readonly UpkeepTask[]): Promise<UpkeepTask[]> {
  const { rows } = await pool.query<{ task: UpkeepTask }>(`${dueSql} order by task`, [nightsQueue, tasks]);
  return rows.map(({ task }) => task);
}

/** What became of a task on this host. */
export type TaskOutcome =
  | { result: 'done'; summary: string }
  | { result: 'failed'; error: unknown }
  | { result: 'not due' };

/**
 * Works on a task if it is due and no other host is working on it, and records what became of it.
 *
 * @param work returns what it did, as a sentence
 * @param redact removes secrets from the recorded error
 */
export async function runTask(
  database: Database,
  task: UpkeepTask,
  work: () => Promise<string>,
  redact: Redact,
): Promise<TaskOutcome> {
  const lock = await takeLock(database, `tn-ledger/upkeep/${task}`, {
    busy: `Another process is working on the ${task} of ${database.describe}.`,
    busyHint: 'Nothing needs to be done.',
    lost: `during the ${task}.`,
  }).catch((error: unknown) => {
    if (error instanceof AlreadyRunningError) return undefined;
    throw error;
  });
  if (lock === undefined) return { result: 'not due' };
  try {
    const { rows } = await change(
      database,
      `update upkeep_tasks u set host = $3, started_at = clock_timestamp(), finished_at = null, error = null
         from (${dueSql}) as due where u.task = due.task returning due.night`,
      [nightsQueue, [task], hostname()],
    );
    const [due] = rows;
    if (due === undefined) return { result: 'not due' };
    try {
      const summary = await work();
      await change(
        database,
        `update upkeep_tasks set finished_at = clock_timestamp(), succeeded_at = clock_timestamp(), night = $2, result = $3 where task = $1`,
        [task, due.night, summary],
      );
      return { result: 'done', summary };
    } catch (error) {
      await change(database, 'update upkeep_tasks set finished_at = clock_timestamp(), error = $2 where task = $1', [
        task,
        redact(messageOf(error)),
      ]);
      return { result: 'failed', error };
    }
  } finally {
    await lock.release();
  }
}

/** The last attempt of a task. */
export interface TaskState {
  task: UpkeepTask;
  host: string;
  started_at: Date;
  /** Seconds since it started. */
  age_seconds: number;
  /** Null while it is in progress, or if its process was killed. */
  finished_at: Date | null;
  error: string | null;
  succeeded_at: Date | null;
  result: string | null;
}

/** Reads the tasks that were ever attempted. */
export async function readTasks(pool: pg.Pool): Promise<TaskState[]> {
  const { rows } = await pool.query<TaskState>(
    `select task, host, started_at, extract(epoch from clock_timestamp() - started_at)::float8 as age_seconds,
            finished_at, error, succeeded_at, result
       from upkeep_tasks where started_at is not null order by task`,
  );
  return rows;
}
