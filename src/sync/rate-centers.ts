import { ApiError } from '../dashboard/errors.js';
import { type Item, readPages } from '../dashboard/pager.js';
import { coveredRateCenters } from '../dashboard/resources/covered-rate-centers.js';
import { takeLock } from '../database/advisory-locks.js';
import { change } from '../database/transaction.js';
import { currentTime } from '../days.js';
import { AlreadyRunningError } from '../errors.js';
import { formatCount } from '../format.js';
import type { Cost, CostContext, JobContext } from '../run/job.js';

/** The list is read again when it is this old, in days. */
const freshDays = 30;
/** A list that changes while it is read may be incomplete. */
const readings = 3;
/** Pages of a list of unknown size. */
const usualPages = 3;

const { list, table, titles } = coveredRateCenters;

/** Nothing, as long as the list is fresh: no account has a list of its own. */
export async function rateCentersCost(context: CostContext): Promise<Cost> {
  const { count, isFresh } = await readState(context);
  if (isFresh) return { requests: 0, least: 0, reason: `the list of rate centers is less than ${freshDays} days old` };
  const pages = count === 0 ? usualPages : Math.ceil(count / (list.pageSize as number));
  return { requests: pages, least: pages, reason: 'the list of rate centers, for all accounts' };
}

/**
 * Reads the list of rate centers if it is due, and no other process reads it at the moment. It isn't applied unless it is
 * complete, and rate centers that it lacks are kept. The ledger counts without it, so whatever Bandwidth refuses is a
 * warning.
 */
export async function syncRateCenters(context: JobContext): Promise<void> {
  const { account, database, log, run } = context;
  if ((await readState(context)).isFresh) {
    log.info(`the list of rate centers is less than ${freshDays} days old: nothing to do`);
    return;
  }
  try {
    const lock = await takeLock(database, `tn-ledger/${table}`, {
      busy: 'Another run reads the list of rate centers.',
      busyHint: 'Nothing to do: the list is the same for all accounts.',
      lost: 'while the list of rate centers was read. It was not changed.',
    });
    const guarded = {
      ...context,
      database: lock.guard(database),
      signal: AbortSignal.any([context.signal, lock.lost]),
    };
    try {
      if (!(await readState(context)).isFresh) await readAndApply(guarded);
    } finally {
      await lock.release();
    }
  } catch (error) {
    if (error instanceof AlreadyRunningError) log.info(`${error.message} Account ${account} leaves it to that run.`);
    else if (error instanceof ApiError) run.warn(notRead([error.message, error.hint].filter(Boolean).join('. ')));
    else throw error;
  }
}

const notRead = (why: string) => `The list of ${titles.many} was not read, and the stored one was not changed: ${why}`;

async function readAndApply(context: JobContext): Promise<void> {
  const { database, run } = context;
  let found: Reading | undefined;
  for (let reading = 0; reading < readings; reading += 1) {
    found = await readList(context);
    if (found.problem === undefined) break;
  }
  if (found === undefined || found.problem !== undefined) {
    run.warn(notRead(`after ${readings} readings, ${found?.problem}. The next nightly run reads it again.`));
    return;
  }
  const { rowCount } = await change(
    database,
    `insert into ${table} as r (rate_center_id, name, abbreviation, state, lata, raw, first_listed_at, last_listed_at)
     select l.id, l.name, l.abbreviation, l.state, l.lata, l.raw, $1, $1
       from jsonb_to_recordset($2) as l (id text, name text, abbreviation text, state text, lata text, raw jsonb)
     on conflict (rate_center_id) do update
        set name = excluded.name, abbreviation = excluded.abbreviation, state = excluded.state, lata = excluded.lata,
            raw = excluded.raw, last_listed_at = excluded.last_listed_at`,
    [currentTime(context), JSON.stringify([...found.rateCenters.values()])],
  );
  run.add({ rowsRead: found.rateCenters.size, rowsWritten: rowCount ?? 0 });
}

interface RateCenter {
  id: string;
  [column: string]: unknown;
}

interface Reading {
  rateCenters: Map<string, RateCenter>;
  /** Why the list may be incomplete; undefined if it is proved complete. */
  problem: string | undefined;
}

/** Reads all pages. The list is complete if it has as many different rate centers as it counts. */
async function readList({ account, client, log, run, signal }: JobContext): Promise<Reading> {
  const rateCenters = new Map<string, RateCenter>();
  const totals = new Set<number | undefined>();
  let unnamed = 0;
  for await (const page of readPages({ client, resource: list, account, signal, log })) {
    for (const item of page.items) {
      const rateCenter = toRow(item);
      rateCenters.set(rateCenter.id, rateCenter);
      if (!rateCenter.abbreviation || !rateCenter.state) unnamed += 1;
    }
    unnamed += page.withoutKey.length;
    totals.add(page.totalCount);
    run.add({ pages: 1 });
  }
  const [total] = totals;
  const count = formatCount(rateCenters.size);
  if (totals.size > 1) return { rateCenters, problem: 'its total changed while it was read' };
  if (total === undefined) return { rateCenters, problem: 'it has no total' };
  if (unnamed > 0) {
    return { rateCenters, problem: `${formatCount(unnamed)} of its entries lack an id, an abbreviation or a state` };
  }
  if (total === 0) return { rateCenters, problem: 'it is empty' };
  const isComplete = total === rateCenters.size;
  return { rateCenters, problem: isComplete ? undefined : `it has ${count} entries and counts ${formatCount(total)}` };
}

function toRow({ values, extra }: Item): RateCenter {
  const [id = '', name, abbreviation, state, lata] = values.map((value) => value?.trim());
  return { id, name, abbreviation, state: state?.toUpperCase(), lata, raw: extra };
}

/** How many rate centers the ledger has, and whether their list is fresh. */
async function readState(context: CostContext): Promise<{ count: number; isFresh: boolean }> {
  const since = new Date(currentTime(context).getTime() - freshDays * 86_400_000);
  const { rows } = await context.database.pool.query<{ count: number; isFresh: boolean }>(
    `select count(*)::integer as count, coalesce(max(last_listed_at) > $1, false) as "isFresh" from ${table}`,
    [since],
  );
  return rows[0] as { count: number; isFresh: boolean };
}
