import type { TaskState } from '../upkeep/tasks.js';
import { formatDuration } from './format.js';

/** The state of the tasks that the schedule does once per ledger, one line each; of pruning only a failure. */
export function describeTasks(tasks: readonly TaskState[]): string[] {
  return tasks.flatMap(({ task, host, age_seconds, finished_at, error, result }) => {
    const when = `${formatDuration(age_seconds)} ago on ${host}`;
    if (error !== null) {
      return [
        `The last ${task} failed ${when}: ${error} The schedule tries again every hour. To do it now: tn-ledger ${task}`,
      ];
    }
    if (finished_at === null) return [`A ${task} started ${when} and has not ended.`];
    return task === 'backup' ? [`Last backup ${when}: ${result}`] : [];
  });
}
