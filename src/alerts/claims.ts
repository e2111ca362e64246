import type pg from 'pg';
import type { Channel } from './channels.js';
import type { RecoveredRun } from './message.js';
import type { Problem } from './problem.js';

// The table `alerts` has what was sent and what is being sent. A row is claimed by a statement that sets `attempted_at`, so
// that of several hosts one sends the message; a claim that isn't settled, because sending failed or the host died, ends after
// a few minutes, and any host tries again.

/** Where a message goes: a channel, or the ping URL. */
export type Target = Channel['name'] | 'ping';

/** When an unsettled claim ends. */
const claimEnds = `interval '5 minutes'`;
/** When a cause that still fails is alerted again. */
const repeatAfter = `interval '24 hours'`;
/** How long closed rows are kept: a digest or a ping must not be repeated in this time. */
const keptDays = 30;

export interface ClaimOptions {
  target: Target;
  /** How long after a message further causes of its topic wait, so that accounts failing one by one share messages. */
  holdMs: number;
}

/** Claims the causes that are to be alerted now. Returns their keys. */
export async function claimFailures(
  client: pg.ClientBase,
  problems: readonly Problem[],
  { target, holdMs, host }: ClaimOptions & { host: string },
): Promise<Set<string>> {
  const causes = new Map<string, { topic: string; host: string | null; problems: RecoveredRun[] }>();
  for (const { cause, topic, account, job, since, isHeld } of problems) {
    if (isHeld) continue;
    const row = causes.get(cause) ?? { topic, host: isLocal(cause) ? host : null, problems: [] };
    row.problems.push({ account, job, since });
    causes.set(cause, row);
  }
  const { rows } = await client.query<{ cause: string }>(
    `insert into alerts as a (cause, channel, topic, host, problems, attempted_at)
     select p.cause, $1, p.topic, p.host, p.problems, clock_timestamp()
       from jsonb_to_recordset($2) as p (cause text, topic text, host text, problems jsonb)
      where not exists (
        select from alerts recent
         where recent.channel = $1 and recent.topic = p.topic
           and recent.alerted_at > clock_timestamp() - $3 * interval '1 millisecond')
     on conflict (cause, channel) do update
        set topic = excluded.topic, problems = excluded.problems, attempted_at = excluded.attempted_at,
            alerted_at = case when a.recovered_at is null then a.alerted_at end, recovered_at = null
      where (a.attempted_at is null or a.attempted_at < clock_timestamp() - ${claimEnds})
        and (a.alerted_at is null or a.recovered_at is not null or a.alerted_at < clock_timestamp() - ${repeatAfter})
     returning a.cause`,
    [target, JSON.stringify([...causes].map(([cause, row]) => ({ cause, ...row }))), holdMs],
  );
  return new Set(rows.map(({ cause }) => cause));
}

/** A cause that is over, with the runs that its alert listed. */
export interface Recovered {
  cause: string;
  topic: string;
  problems: RecoveredRun[];
}

/**
 * Claims the causes that were alerted and are over: a run has succeeded since. Forgets those that were not alerted, and
 * those whose job or account isn't run any more. A job that fails for another cause now has not recovered.
 *
 * @param failing what fails
 * @param resolved the causes of this host that it has seen end; no other host can tell
 */
export async function claimRecoveries(
  client: pg.ClientBase,
  { failing, resolved }: { failing: readonly Problem[]; resolved: readonly string[] },
  { target, holdMs }: ClaimOptions,
): Promise<Recovered[]> {
  const values = [target, failing.map(({ cause }) => cause), resolved];
  // A row whose message is being sent is left alone until its claim ends.
  const isOver = `channel = $1 and recovered_at is null and topic <> '' and ((host is null and cause <> all ($2)) or cause = any ($3))
        and (attempted_at is null or attempted_at < clock_timestamp() - ${claimEnds})`;
  const hasSucceeded = `(host is not null or exists (
          select from jsonb_to_recordset(problems) as p (account text, job text, since timestamptz)
            join sync_runs r on r.account_id = p.account collate "C" and r.job = p.job and r.status = 'succeeded' and r.finished_at > p.since))`;
  const failsOtherwise = `exists (
          select from jsonb_to_recordset(problems) as p (account text, job text)
            join jsonb_to_recordset($4) as f (account text, job text) on f.account = p.account and f.job = p.job)`;
  await client.query(
    `delete from alerts where (${isOver} and (alerted_at is null or not ${hasSucceeded} and not ${failsOtherwise}))
        or coalesce(recovered_at, alerted_at, attempted_at) < clock_timestamp() - interval '${keptDays} days'`,
    [...values, JSON.stringify(failing.map(({ account, job }) => ({ account, job })))],
  );
  const { rows } = await client.query<Recovered>(
    `update alerts a set attempted_at = clock_timestamp()
      where ${isOver} and ${hasSucceeded} and not exists (
        select from alerts recent
         where recent.channel = $1 and recent.topic = a.topic
           and recent.recovered_at > clock_timestamp() - $4 * interval '1 millisecond')
     returning cause, topic, problems`,
    [...values, holdMs],
  );
  return rows.map(({ problems, ...row }) => ({
    ...row,
    problems: problems.map(({ since, ...run }) => ({ ...run, since: new Date(since) })),
  }));
}

/** Claims something that is sent once. Returns whether this host sends it. */
export async function claimOnce(client: pg.ClientBase, cause: string, target: Target): Promise<boolean> {
  const { rowCount } = await client.query(
    `insert into alerts as a (cause, channel, topic, attempted_at) values ($1, $2, '', clock_timestamp())
     on conflict (cause, channel) do update set attempted_at = excluded.attempted_at
      where a.alerted_at is null and a.attempted_at < clock_timestamp() - ${claimEnds}`,
    [cause, target],
  );
  return rowCount === 1;
}

/** Records that the messages about claimed causes were sent. */
export async function settle(
  client: pg.Pool | pg.ClientBase,
  { target, event, causes }: { target: Target; event: 'alerted' | 'recovered'; causes: readonly string[] },
): Promise<void> {
  await client.query(
    `update alerts set ${event}_at = clock_timestamp(), attempted_at = null where channel = $1 and cause = any ($2)`,
    [target, causes],
  );
}

/** Whether only this host can tell that a cause fails. */
export function isLocal(cause: string): boolean {
  return cause.startsWith('start ');
}

/** The cause of a host that can't start or plan runs. */
export function localCause(host: string, what: string): string {
  return `start ${what} on ${host}`;
}
