import type { Job } from '../src/run/job.js';
import { findUnexplainedMoves } from '../src/sync/number-histories/find-moves.js';
import { readNumberHistories } from '../src/sync/number-histories/read-histories.js';
import { historiesCost } from '../src/sync/request-costs.js';

/** Bandwidth's histories of numbers that joined or left the account without an order that the ledger knows. */
export const fetchNumberHistories: Job = {
  name: 'fetch-number-histories',
  summary:
    "Bandwidth's histories of numbers that joined or left the account without a known order: finds and reads them",
  cost: historiesCost,
  async run(context) {
    const reason = await findUnexplainedMoves(context);
    if (reason === undefined) await readNumberHistories(context);
    else context.log.info(`Numbers of account ${context.account} were not compared with their orders: ${reason}`);
  },
};
