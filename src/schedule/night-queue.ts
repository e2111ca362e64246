import { createHash } from 'node:crypto';
import type { JobWithMetadata } from 'pg-boss';
import type { Database } from '../database/connect.js';
import { readSchemaState } from '../database/migrations.js';
import { nightsQueue, openBoss, queueSchema } from '../database/queue-schema.js';

/** A nightly run of several accounts. */
export interface Night {
  /** When it was due, or when it was enqueued: the same on every host that plans it. */
  time: Date;
  /** Whether a schedule planned it or `tn-ledger enqueue`. */
  origin: 'schedule' | 'enqueue';
}

/** What became of a request to plan a night, as account IDs. */
export interface Plan {
  planned: string[];
  /** Another night is open for them, so this one was not planned. */
  blocked: string[];
}

/** A night of one account that this process works on. */
export interface ClaimedNight extends Night {
  account: string;
  /** 1 for the first attempt. */
  attempt: number;
  /** When it was planned, by the database's clock. */
  plannedAt: Date;
  /** Identifies the attempt: what a later attempt of another worker did is never settled by this one. */
  claim: { id: string; retryCount: number };
}

/** What is stored with a finished night. */
export interface NightResult {
  result: 'succeeded' | 'failed';
  error?: string;
  unrecorded?: UnrecordedFailure;
}

/** A failure that no run records, because none was started. */
export interface UnrecordedFailure {
  /** Name of the error, as in `sync_runs.cause`. */
  cause: string;
  hint?: string;
}

/** The nights of all accounts in the database, which any number of hosts plan and work on. */
export interface NightQueue {
  /**
   * Plans a night for accounts that have no other one in progress, once for each however often it is called. An earlier
   * night that is still waiting is replaced by a scheduled one, but blocks an enqueued one.
   */
  plan(night: Night, accounts: readonly string[]): Promise<Plan>;
  /**
   * Claims up to `count` waiting nights, those of the largest accounts first.
   *
   * @param served the accounts that this process may work on; undefined: all
   * @throws {LedgerError} if the schema is newer than this version
   */
  claim(count: number, served: readonly string[] | undefined): Promise<ClaimedNight[]>;
  /** Renews claims, which expire after 20 s. Returns those that are lost: another worker may have them. */
  renew(nights: readonly ClaimedNight[]): Promise<ClaimedNight[]>;
  /** Ends a night. */
  finish(night: ClaimedNight, result: NightResult): Promise<void>;
  /**
   * Lets any worker try a night again, after a pause that doubles with each attempt, from 5 s up to half an hour.
   *
   * @returns when, by the database's clock, and in how many seconds; undefined if another night has replaced it
   */
  retryLater(night: ClaimedNight, reason: RetryReason): Promise<{ at: Date; seconds: number } | undefined>;
  /** Lets any worker continue a night immediately. */
  release(night: ClaimedNight): Promise<void>;
  /** How many nights are waiting or in progress on any host. */
  countOpen(served: readonly string[] | undefined): Promise<number>;
  close(): Promise<void>;
}

/** Why a night is tried again, without secrets. */
export interface RetryReason {
  error: string;
  /** What the next attempt waits for, as the end of `waiting for …`. */
  waitsFor?: string | undefined;
  unrecorded?: UnrecordedFailure;
}

interface NightData {
  account: string;
  night: string;
  origin: Night['origin'];
}

const jobOptions = {
  // A worker renews its claims every 5 s.
  heartbeatSeconds: 20,
  retryBackoff: true,
  retryDelay: 5,
  retryDelayMax: 1800,
  // Only the next night ends the attempts. More than one every half hour for a week won't be reached.
  retryLimit: 1000,
  // The longest that pg-boss allows. A first night that takes longer continues where it stopped.
  expireInSeconds: 24 * 3600,
  retentionSeconds: 14 * 24 * 3600,
  deleteAfterSeconds: 14 * 24 * 3600,
};

/** The share of an account without a completed night in the order of work: its first night is the longest. */
const firstNightPriority = 2_000_000_000;

/** @param supervise whether to return the nights of dead workers to the queue; for processes that stay up */
export async function openNightQueue(
  database: Database,
  { supervise, onError }: { supervise: boolean; onError: (error: Error) => void },
): Promise<NightQueue> {
  const { pool } = database;
  let isClosing = false;
  const boss = await openBoss(database, {
    supervise,
    // The pool counts as closed before its connections are: the server may end one that nobody uses any more.
    onError: (error) => isClosing || onError(error),
  });
  return {
    async plan({ time, origin }, accounts) {
      const night = time.toISOString();
      const others = (await readOpen(accounts)).filter((job) => job.night !== night);
      const replaced = origin === 'schedule' ? others.filter(({ active }) => !active) : [];
      if (replaced.length > 0) {
        await boss.cancel(
          nightsQueue,
          replaced.map(({ id }) => id),
        );
      }
      const priorities = await readPriorities(accounts);
      const jobs = accounts.map((account) => ({
        ...jobOptions,
        id: idOf(night, account),
        data: { account, night, origin } satisfies NightData,
        priority: priorities.get(account) ?? firstNightPriority,
        singletonKey: account,
        group: { id: account },
      }));
      const inserted = new Set(await boss.insert(nightsQueue, jobs, { returnId: true }));
      const planned = accounts.filter((account) => inserted.has(idOf(night, account)));
      const open = new Set(others.map(({ account }) => account));
      return { planned, blocked: accounts.filter((account) => open.has(account) && !planned.includes(account)) };
    },
    async claim(count, served) {
      const { rows } = await pool.query<{ account: string }>(
        `select distinct group_id as account from ${queueSchema}.job
          where name = $1 and state < 'active' and start_after <= clock_timestamp()`,
        [nightsQueue],
      );
      const waiting = rows.map(({ account }) => account);
      const foreign = served === undefined ? [] : waiting.filter((account) => !served.includes(account));
      if (foreign.length === waiting.length) return [];
      // Another host may have migrated to a schema that this version must not write to.
      await readSchemaState(database);
      const jobs = await boss.fetch<NightData>(nightsQueue, {
        batchSize: count,
        includeMetadata: true,
        ignoreGroups: foreign,
      });
      return jobs.map(toClaimedNight);
    },
    async renew(nights) {
      const lost = await Promise.all(
        nights.map(async (night) => (affected(await boss.touch(nightsQueue, night.claim)) === 0 ? [night] : [])),
      );
      return lost.flat();
    },
    async finish({ claim }, result) {
      await boss.complete(nightsQueue, claim, result);
    },
    async retryLater({ claim }, reason) {
      await boss.fail(nightsQueue, claim, reason);
      const { rows } = await pool.query<{ at: Date; seconds: number }>(
        `select start_after as at, greatest(0, extract(epoch from start_after - clock_timestamp()))::float8 as seconds
           from ${queueSchema}.job where name = $1 and id = $2 and state = 'retry'`,
        [nightsQueue, claim.id],
      );
      return rows[0];
    },
    async release({ claim }) {
      const failed = await boss.fail(nightsQueue, claim, { error: 'The worker was stopped.' });
      if (affected(failed) > 0) await boss.update(nightsQueue, undefined, { id: claim.id, startAfter: 0 });
    },
    async countOpen(served) {
      const { rows } = await pool.query<{ count: number }>(
        `select count(*)::integer as count from ${queueSchema}.job
          where name = $1 and state <= 'active' and ($2::text[] is null or group_id = any($2))`,
        [nightsQueue, served ?? null],
      );
      return rows[0]?.count ?? 0;
    },
    close() {
      isClosing = true;
      return boss.stop();
    },
  };

  async function readOpen(accounts: readonly string[]) {
    const { rows } = await pool.query<{ id: string; account: string; night: string; active: boolean }>(
      `select id, group_id as account, data ->> 'night' as night, state = 'active' as active from ${queueSchema}.job
        where name = $1 and state <= 'active' and group_id = any($2)`,
      [nightsQueue, accounts],
    );
    return rows;
  }

  /** The pages of each account's last complete night: requests are what a night's time goes into. */
  async function readPriorities(accounts: readonly string[]): Promise<Map<string, number>> {
    const { rows } = await pool.query<{ account: string; pages: number }>(
      `select account, least(pages, $2)::integer as pages
         from unnest($1::text[]) as account
        cross join lateral (
          select pages from tn_ledger.sync_runs
           where account_id = account collate "C" and job = 'nightly' and status = 'succeeded'
           order by started_at desc limit 1) as last`,
      [accounts, firstNightPriority],
    );
    return new Map(rows.map(({ account, pages }) => [account, pages]));
  }
}

/** The number of jobs that a command of pg-boss changed, which is missing in its types. */
function affected(response: object): number {
  return (response as { affected: number }).affected;
}

function toClaimedNight({ id, retryCount, data, createdOn }: JobWithMetadata<NightData>): ClaimedNight {
  return {
    time: new Date(data.night),
    origin: data.origin,
    account: data.account,
    attempt: retryCount + 1,
    plannedAt: createdOn,
    claim: { id, retryCount },
  };
}

/** A UUID made from night and account, so that the database keeps hosts from planning the same night twice. */
function idOf(night: string, account: string): string {
  const hash = createHash('sha256').update(`${night} ${account}`).digest('hex');
  return hash.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
