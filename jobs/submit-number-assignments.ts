import { countOpenRequests } from '../src/assignment/batches.js';
import { processFiles } from '../src/assignment/process-files.js';
import { classifySubmittedFiles } from '../src/nruf/classify-submitted.js';
import type { Job } from '../src/run/job.js';
import { removeCopies } from '../src/stored-files/local-copy.js';

/** How long a run waits for the orders that it placed to finish. */
const timeoutMs = 30 * 60_000;

/** Submits the assignment files in the inbox and the database, finishes open batches, and classifies submitted files. */
export const submitNumberAssignments: Job = {
  name: 'submit-number-assignments',
  summary: 'assignment files in the inbox, files of `submit` (assignments and classifications), and open batches',
  async cost({ account, database }) {
    const requests = await countOpenRequests(database.pool, account);
    // Files are not held back to save requests.
    return { requests, least: 0, reason: 'orders of open batches; new files need two requests per 5,000 numbers' };
  },
  async run({ account, accounts, client, database, dataDir, inboxUsers, log, run, signal }) {
    let expected = 0;
    const warn = (sentence: string) => run.warn(sentence);
    await removeCopies(dataDir, account);
    // First, because it doesn't wait for orders.
    await classifySubmittedFiles({
      ...{ account, database, dataDir, log, signal, warn },
      onClassified({ declared, rejected }) {
        run.add({ rowsWritten: declared });
        run.reject(rejected);
      },
      onRejected: () => run.reject(1),
    });
    await processFiles(
      {
        ...{ account, client, database, log, signal, warn },
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
