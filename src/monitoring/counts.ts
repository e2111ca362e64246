import type pg from 'pg';
import { orderDescriptions } from '../dashboard/registry.js';
import { messageOf } from '../errors.js';
import type { Log } from '../log.js';
import { countLackingDetails } from '../sync/orders-to-read.js';
import type { JobFigures } from './ledger-figures.js';

/** Figures that take long to count in a large ledger. */
export interface Counts {
  /** Numbers of each account that are in the ledger and were not removed. */
  numbers: { account: string; status: string; count: number }[];
  /** Orders without current details. */
  backlog: { account: string; table: string; count: number }[];
}

/** Runs a read-only transaction with a time limit. */
export type Reading = <T>(work: (client: pg.ClientBase) => Promise<T>) => Promise<T>;

/**
 * Counts in the background, so that no scrape waits for it or pays for it: an account's numbers once after each run that may
 * have changed them, and the backlog every few minutes.
 */
export interface Counter {
  /** The latest counts; nothing for an account whose numbers were not counted yet. */
  latest(): Counts;
  /** Counts what is out of date, unless that is in progress already. Never rejects. */
  refresh(reading: Reading, jobs: readonly JobFigures[]): Promise<void>;
}

/** The jobs that change numbers and their status. */
const numberJobs: ReadonlySet<string> = new Set(['sync-inservice-numbers', 'sync-number-details']);
const backlogMs = 5 * 60_000;
/** The API has a handful of statuses. If it ever sends more than this, the smallest share a line. */
const mostStatuses = 20;

export function createCounter(log: Pick<Log, 'warn'>, now = () => performance.now()): Counter {
  const numbers = new Map<string, { key: string; counts: { status: string; count: number }[] }>();
  let backlog: Counts['backlog'] = [];
  let backlogAt = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | undefined;

  const count = async (reading: Reading, jobs: readonly JobFigures[]) => {
    const accounts = [...new Set(jobs.map(({ account }) => account))];
    for (const account of accounts) {
      const key = jobs
        .filter((each) => each.account === account && numberJobs.has(each.job))
        .map(({ finished_at }) => finished_at)
        .join();
      if (numbers.get(account)?.key === key) continue;
      // Better none than those of an earlier night.
      numbers.delete(account);
      numbers.set(account, { key, counts: await reading((client) => countNumbers(client, account)) });
    }
    for (const account of numbers.keys()) if (!accounts.includes(account)) numbers.delete(account);
    if (now() - backlogAt < backlogMs) return;
    backlog = await reading(async (client) => {
      const found: Counts['backlog'] = [];
      for (const { details } of orderDescriptions) {
        for (const row of await countLackingDetails(client, details, accounts)) {
          found.push({ ...row, table: details.table });
        }
      }
      return found;
    });
    backlogAt = now();
  };

  return {
    latest: () => ({
      numbers: [...numbers].flatMap(([account, { counts }]) => counts.map((each) => ({ account, ...each }))),
      backlog,
    }),
    refresh(reading, jobs) {
      running ??= count(reading, jobs)
        .catch((error: unknown) => {
          backlog = [];
          log.warn(`The numbers for the metrics could not be counted and will be counted again: ${messageOf(error)}`);
        })
        .finally(() => {
          running = undefined;
        });
      return running;
    },
  };
}

async function countNumbers(client: pg.ClientBase, account: string): Promise<{ status: string; count: number }[]> {
  const { rows } = await client.query<{ status: string; count: number }>(
    `select case when place <= $2 then status else 'other' end as status, sum(count)::float8 as count
       from (select status, count(*) as count, row_number() over (order by count(*) desc, status) as place
               from telephone_numbers where account_id = $1 and removed_at is null group by status) as statuses
      group by 1`,
    [account, mostStatuses],
  );
  return rows;
}
