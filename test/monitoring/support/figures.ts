import type { Figures } from '../../../src/monitoring/exposition.js';

/** Figures with a value for every metric and label. */
export const everyFigure: Omit<Figures, 'command'> = {
  ledger: {
    jobs: ['nightly', 'sync-orders'].map((job) => ({
      account: '1',
      job,
      ...{ succeeded_at: 100, finished_at: 200, succeeded: false, seconds: 2.5 },
      ...{ pages: 3, rows_read: 30, rows_written: 20, warnings: 1 },
    })),
    queue: { waiting: 2, running: 1 },
    batches: [{ account: '1', open: 1, rejected: 2 }],
    outcomes: [{ account: '1', accepted: 5, failed: 4, rejected: 3, unknown: 2 }],
  },
  counts: {
    numbers: [{ account: '1', status: 'Inservice', count: 10 }],
    backlog: [{ account: '1', table: 'orders', count: 7 }],
  },
  usage: new Map([
    [
      '1',
      {
        requests: new Map([
          ['200', 8],
          ['none', 1],
        ]),
        rateLimited: 2,
        waitSeconds: 90,
      },
    ],
  ]),
};
export const command = { endedAt: new Date(300_000), status: 1 };
