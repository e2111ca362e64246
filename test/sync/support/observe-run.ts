import { inTransaction } from '../../../src/database/transaction.js';
import { reconcileStatusHistory } from '../../../src/sync/status-history.js';
import type { Sighting } from './history-model.js';
import type { Ledger } from './ledger.js';

/** Writes what a run saw to `telephone_numbers` as the jobs do: changed rows get the run's time. */
const write = `
  with seen as (
    select n.number, n.number is not null and n.status is not null as here, n.status, n.rest,
      timestamptz 'epoch' + n.in_service * interval '1 microsecond' as in_service,
      timestamptz 'epoch' + n.modified * interval '1 microsecond' as modified
    from jsonb_to_recordset($2::jsonb) as n (number text, status text, in_service bigint, modified bigint, rest text)
  ), gone as (
    update telephone_numbers t set telephone_number = t.telephone_number, removed_at = now(), changed_at = now()
      from seen s where t.account_id = $1 and t.telephone_number = s.number and not s.here and t.removed_at is null
  )
  insert into telephone_numbers as t (account_id, telephone_number, status, in_service_date, last_modified, tier)
  select $1, number, status, in_service, modified, rest from seen where here
  on conflict (account_id, telephone_number) do update
     set status = excluded.status, in_service_date = excluded.in_service_date, last_modified = excluded.last_modified,
         tier = excluded.tier, removed_at = null, changed_at = now()
   where t.removed_at is not null or (t.status, t.in_service_date, t.last_modified, t.tier)
     is distinct from (excluded.status, excluded.in_service_date, excluded.last_modified, excluded.tier)`;

/** Simulates a run that sees these numbers like this, or not at all, without the jobs; returns its time. */
export async function observeRun(
  ledger: Pick<Ledger, 'database'>,
  account: string,
  see: (now: bigint) => ReadonlyMap<string, Sighting | undefined>,
): Promise<{ now: bigint; seen: ReadonlyMap<string, Sighting | undefined> }> {
  return inTransaction(ledger.database, {}, async (client) => {
    const { rows } = await client.query('select (extract(epoch from now()) * 1000000)::bigint as now');
    const now = BigInt(rows[0].now);
    const seen = see(now);
    const records = [...seen].map(([number, each]) => ({
      number,
      status: each?.status,
      in_service: each?.inServiceDate?.toString(),
      modified: each?.lastModified?.toString(),
      rest: each?.rest,
    }));
    await client.query(write, [account, JSON.stringify(records)]);
    await reconcileStatusHistory(client, account, { inserted: seen.size, changed: seen.size, accounts: 1 });
    return { now, seen };
  });
}
