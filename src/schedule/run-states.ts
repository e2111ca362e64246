import type { Database } from '../database/connect.js';
import { baseline, readSchemaState } from '../database/migrations.js';

/** The state of a scheduled run for an account: it ran; it was missed; no nightly run was ever recorded for the account. */
export type RunState = 'run' | 'missed' | 'never run';

/** Tolerance for the difference between this machine's clock and the database's. */
const clockSlackMs = 60_000;

/**
 * Determines the state of a scheduled run for each account from the runs of `nightly` in `sync_runs`, whoever started them. A
 * run that succeeded or failed counts if it started after the scheduled time or was still running then. An interrupted one
 * doesn't count: if it was planned, it is still in the queue.
 *
 * Uses only elapsed times, so that this machine's clock and the database's need not agree. A wrong clock selects the wrong
 * scheduled run here, but changes nothing: `checkClocks` keeps any run from starting, and the states are read again once the
 * clock is right.
 *
 * @param now this machine's time; `sync_runs` uses the database's
 */
export async function readRunStates(
  database: Pick<Database, 'pool' | 'describe'>,
  accounts: readonly string[],
  due: Date,
  now: Date,
): Promise<Map<string, RunState>> {
  const { applied } = await readSchemaState(database);
  if (!applied.includes(baseline)) return new Map(accounts.map((account) => [account, 'never run']));
  const { rows } = await database.pool.query<{ account: string; state: RunState }>(
    `select account,
            case when count(run_id) = 0 then 'never run'
                 when bool_or(status in ('succeeded', 'failed') and finished_at >= since) then 'run'
                 else 'missed' end as state
       from unnest($1::text[]) as account
      cross join (select clock_timestamp() - $2 * interval '1 millisecond' as since) as scheduled
       left join tn_ledger.sync_runs on job = 'nightly' and account_id = account collate "C"
      group by account`,
    [accounts, now.getTime() - due.getTime() + clockSlackMs],
  );
  return new Map(rows.map(({ account, state }) => [account, state]));
}
