import type pg from 'pg';
import { isQueueReadable, nightsQueue, queueSchema } from '../database/queue-schema.js';

/** A night of one account, as `status` shows it. */
export interface NightState {
  account_id: string;
  /** `waiting` also between two attempts; `replaced` by a later night before it was done. */
  state: 'waiting' | 'running' | 'done' | 'failed' | 'replaced';
  /** Attempts so far, including one in progress. */
  attempts: number;
  /** The host that works on it; null if none does, or if the run has not recorded its start yet. */
  host: string | null;
  /** When the current attempt started, how long ago, and the pages it has read so far; null unless it is running. */
  since: Date | null;
  age_seconds: number | null;
  pages: number | null;
  /** When the next attempt may start, and in how many seconds; null unless it is waiting. */
  next_attempt_at: Date | null;
  wait_seconds: number | null;
  /** Why the last attempt failed; null if it didn't. */
  error: string | null;
  /** What the next attempt waits for, as the end of `waiting for …`; null if nothing is known. */
  waits_for: string | null;
  /** Kind and fix of a failure that no run records, because none was started, and when it happened; else null. */
  unrecorded_cause: string | null;
  hint: string | null;
  failed_at: Date | null;
}

/** A nightly run of several accounts. */
export interface NightStates {
  /** When it was due, or when it was enqueued. */
  night: Date;
  origin: 'schedule' | 'enqueue';
  accounts: NightState[];
}

/**
 * Reads the latest planned night and all earlier ones that are still open, latest first.
 *
 * @param also nights to read in any state, if the queue still has them, in ISO 8601
 */
export async function readNights(pool: pg.Pool | pg.ClientBase, also: readonly string[] = []): Promise<NightStates[]> {
  if (!(await isQueueReadable(pool))) return [];
  const { rows } = await pool.query<NightState & { night: string; origin: NightStates['origin'] }>(
    `with latest as (
       select data ->> 'night' as night from ${queueSchema}.job where name = $1 order by created_on desc, night desc limit 1)
     select data ->> 'night' as night, data ->> 'origin' as origin, group_id as account_id,
            case when state < 'active' then 'waiting' when state = 'active' then 'running' when state = 'cancelled' then 'replaced'
                 when state = 'failed' or output ->> 'result' = 'failed' then 'failed' else 'done' end as state,
            retry_count + (started_on is not null)::integer as attempts,
            case when state = 'active' then run.host end as host,
            case when state = 'active' then started_on end as since,
            case when state = 'active' then extract(epoch from clock_timestamp() - started_on)::float8 end as age_seconds,
            case when state = 'active' then coalesce(run.pages, 0) end as pages,
            case when state < 'active' then start_after end as next_attempt_at,
            case when state < 'active' then greatest(0, extract(epoch from start_after - clock_timestamp()))::float8 end as wait_seconds,
            case when state <> 'completed' or output ->> 'result' = 'failed'
                 then coalesce(output ->> 'error', output -> 'value' ->> 'message') end as error,
            case when state < 'active' then output ->> 'waitsFor' end as waits_for,
            output -> 'unrecorded' ->> 'cause' as unrecorded_cause, output -> 'unrecorded' ->> 'hint' as hint,
            case when output -> 'unrecorded' is not null then coalesce(completed_on, started_on) end as failed_at
       from ${queueSchema}.job
       left join lateral (
         select night.host, coalesce(sum(part.pages), 0)::integer + coalesce(max(listing.pages), 0)::integer as pages
           from tn_ledger.sync_runs night
           left join tn_ledger.sync_runs part
             on part.account_id = night.account_id and part.job <> 'nightly' and part.started_at >= night.started_at
           left join lateral (
             -- The pages of a job are recorded at its end; until then, its listings show them.
             select sum(cardinality(pages_read)) as pages from tn_ledger.sync_cursors
              where part.status = 'running' and account_id = part.account_id and updated_at >= part.started_at) as listing on true
          where night.account_id = group_id and night.job = 'nightly' and night.status = 'running'
          group by night.run_id, night.host, night.started_at
          order by night.started_at desc limit 1) as run on state = 'active'
      where name = $1 and (state <= 'active' or data ->> 'night' = (select night from latest) or data ->> 'night' = any ($2))
      order by 1 desc, account_id`,
    [nightsQueue, also],
  );
  const nights = new Map<string, NightStates>();
  for (const { night, origin, ...account } of rows) {
    const states = nights.get(night) ?? { night: new Date(night), origin, accounts: [] };
    states.accounts.push(account);
    nights.set(night, states);
  }
  return [...nights.values()];
}
