import type pg from 'pg';
import { readInBatches } from '../database/cursor.js';
import type { Day } from '../days.js';
import { type Coverage, lastLoadedDay, readCoverage, windowUntil } from './coverage.js';

/** What is known about an account's traffic in a window. */
export interface IdleWindow {
  account: string;
  from: Day;
  to: Day;
  calls: Coverage;
  /** Undefined: messages aren't considered. */
  messages: Coverage | undefined;
  /** Records of the window that name no number, or have no usable time: they may be of any number. */
  unplaced: number;
  /** Numbers that are not listed because they have been in service, or known to the ledger, for less than the window. */
  newer: number;
}

/** A number without traffic. */
export interface IdleNumber {
  account_id: string;
  telephone_number: string;
  status: string;
  assignment_status: string | null;
  /** As `tn-ledger classify` set it, today. */
  category: string | null;
  /** `imported`, `hosted`, `ported in`, or null: a number of the account without such a peculiarity. */
  origin: string | null;
  city: string | null;
  state: string | null;
  rate_center: string | null;
  npa: string | null;
  tier: string | null;
  /** When it came into service, or when the ledger first saw it if that isn't known. */
  since: Day;
  /** Last day with a call or message in `billing_daily`, before the window; null: none. */
  last_used: Day | null;
}

export interface IdleOptions {
  account: string;
  days: number;
  callsOnly: boolean;
  today: Day;
}

/**
 * Returns the window of the last days up to the last day before today whose calls are loaded, and what is missing in it;
 * undefined if no calls are loaded.
 */
export async function readIdleWindow(client: pg.ClientBase, options: IdleOptions): Promise<IdleWindow | undefined> {
  const { account, days, callsOnly, today } = options;
  const last = await lastLoadedDay(client, { account, type: 'BDR', today });
  if (last === undefined) return undefined;
  const { from, to } = windowUntil(last, days);
  const covered = (type: string) => readCoverage(client, { account, type, from, to });
  const calls = await covered('BDR');
  const messages = callsOnly ? undefined : await covered('MDR');
  const { rows } = await client.query<{ unplaced: string; newer: string }>(
    `select (select coalesce(sum(records), 0) from billing_daily d
              where account_id = $1 and (telephone_number is null and day between $2 and $3 or day is null and exists (
                select from billing_reports r where r.account_id = d.account_id and r.report_id = d.report_id
                  and r.start_date <= $3 and r.end_date >= $2))) as unplaced,
            (select count(*) from telephone_numbers n
              where account_id = $1 and removed_at is null and not ${inServiceThroughout}) as newer`,
    [account, from, to],
  );
  return { account, from, to, calls, messages, unplaced: Number(rows[0]?.unplaced), newer: Number(rows[0]?.newer) };
}

/** $2: first day of the window */
const inServiceThroughout = `coalesce(n.in_service_date, n.first_seen_at) < $2::date + 1`;

const batchRows = 5000;

/**
 * Yields, in batches and in order, the numbers of an account that it has had since the first day of a window or longer, and that no
 * call or message of the window names. The client must be in a transaction.
 */
export async function* readIdleNumbers(
  client: pg.ClientBase,
  { account, from, to, messages }: IdleWindow,
): AsyncGenerator<IdleNumber[]> {
  yield* readInBatches<IdleNumber>(client, {
    name: 'idle_numbers',
    text: `with used as (
       select telephone_number from billing_daily
        where account_id = $1 and day between $2 and $3 and ${messages === undefined ? 'calls > 0' : 'true'} and telephone_number is not null
     ), ports as materialized (
       select distinct account_id, telephone_number from nruf_ports()
     )
     select n.account_id, n.telephone_number, n.status, n.assignment_status,
            (select category from number_categories c
              where c.account_id = n.account_id and c.telephone_number = n.telephone_number
                and c.valid_from <= now() and (c.valid_to is null or c.valid_to > now())) as category,
            case when exists (select from imported_numbers i where i.account_id = n.account_id
                                 and i.telephone_number = n.telephone_number and i.removed_at is null) then 'imported'
                 when n.owner_account_id is not null then 'hosted'
                 when p.telephone_number is not null then 'ported in' end as origin,
            n.city, n.state, n.rate_center, n.npa, n.tier, coalesce(n.in_service_date, n.first_seen_at)::date::text as since,
            (select max(day)::text from billing_daily d
              where d.account_id = n.account_id and d.telephone_number = n.telephone_number and d.day < $2) as last_used
       from telephone_numbers n
       left join ports p on p.account_id = n.account_id and p.telephone_number = n.telephone_number
      where n.account_id = $1 and n.removed_at is null and ${inServiceThroughout}
        and not exists (select from used u where u.telephone_number = n.telephone_number)
      order by n.telephone_number`,
    values: [account, from, to],
    size: batchRows,
  });
}
