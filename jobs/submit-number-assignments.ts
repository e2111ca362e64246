import { takeInbox } from '../src/assignment/take-inbox.js';
import type { Job } from '../src/sync/job.js';

/** How long a night waits for the ends of the orders that it placed. */
const timeoutMs = 30 * 60_000;

/** The files that were handed in since the last night, and the batches that it left open. */
export const submitNumberAssignments: Job = {
  name: 'submit-number-assignments',
  summary: 'assignment files of the inbox, and batches that are still open',
  async run({ account, accounts, client, database, dataDir, inboxUsers, log, run, signal }) {
    let expected = 0;
    await takeInbox(
      {
        account,
        client,
        database,
        log,
        signal,
        warn: (sentence) => run.warn(sentence),
        expect(numbers) {
          expected += numbers;
          run.expect(expected);
        },
        onPlaced: (numbers) => run.add({ rowsRead: numbers }),
      },
      {
        accounts,
        trusted: inboxUsers,
        dataDir,
        timeoutMs,
        onSummary({ rejected, failed, unknown, accepted }) {
          run.add({ rowsWritten: accepted });
          run.reject(rejected + failed + unknown);
        },
        onRejected: (count) => run.reject(count),
      },
    );
  },
};
