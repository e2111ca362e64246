import type { Database } from '../database/connect.js';
import { readSchemaState } from '../database/migrations.js';

/**
 * How an account stands to a night: somebody ran it; nobody did; its only run was cut short; two runs of it were, and a third is
 * not tried; no night was ever run for the account.
 */
export type NightState = 'run' | 'missed' | 'cut short' | 'given up' | 'newcomer';

/** Between the clock of this machine and the database's, beyond what is measured. */
const clockSlackMs = 60_000;

/**
 * How each account stands to the night that was due, by the runs of `nightly` in `sync_runs`, whoever started them: a run that
 * succeeded or failed counts if it began after that or was still going on then.
 *
 * @param now this machine's time: the rows are dated by the database's
 */
export async function nightStates(
  database: Pick<Database, 'pool' | 'describe'>,
  accounts: readonly string[],
  due: Date,
  now: Date,
): Promise<Map<string, NightState>> {
  const { applied } = await readSchemaState(database);
  if (applied.length === 0) return new Map(accounts.map((account) => [account, 'newcomer']));
  const { rows } = await database.pool.query<{ account: string; state: NightState }>(
    `select account,
            case when count(run_id) = 0 then 'newcomer'
                 when bool_or(status in ('succeeded', 'failed') and finished_at >= since) then 'run'
                 when count(*) filter (where started_at >= since) = 0 then 'missed'
                 when count(*) filter (where started_at >= since) = 1 then 'cut short'
                 else 'given up' end as state
       from unnest($1::text[]) as account
      cross join (select clock_timestamp() - $2 * interval '1 millisecond' as since) as night
       left join tn_ledger.sync_runs on job = 'nightly' and account_id = account collate "C"
      group by account`,
    [accounts, now.getTime() - due.getTime() + clockSlackMs],
  );
  return new Map(rows.map(({ account, state }) => [account, state]));
}
