import type pg from 'pg';
import { addDays, type Day } from '../days.js';
import { groupBy } from '../group-by.js';

/** A row of `number_timelines()`: see its comment in the database. `until` and `recorded_to` are exclusive. */
export interface Entry {
  telephone_number: string;
  account_id: string;
  at: Date;
  until: Date | null;
  kind:
    | 'order'
    | 'batch'
    | 'event'
    | 'status'
    | 'assignment'
    | 'category'
    | 'details'
    | 'location'
    | 'listed'
    | 'billing'
    | 'filing';
  value: string | null;
  /** The entry as a sentence. */
  what: string;
  source: string;
  order_id: string | null;
  end_order_id: string | null;
  reference: string | null;
  user_id: string | null;
  recorded_from: Date;
  recorded_to: Date | null;
}

/** A row of `number_details()`. */
export interface Details {
  telephone_number: string;
  account_id: string;
  status: string;
  city: string | null;
  state: string | null;
  rate_center: string | null;
  lata: string | null;
  tier: string | null;
  vendor_id: string | null;
  vendor_name: string | null;
  in_service_date: Date | null;
  last_modified: Date | null;
  removed_at: Date | null;
  owner_account_id: string | null;
  discrepancy: string | null;
  first_seen_at: Date;
}

/** A row of `nruf_categories_of()`. */
interface Counted {
  telephone_number: string;
  account_id: string;
  /** Null: left out, for the reason in `left_out`. */
  category: string | null;
  left_out: string | null;
  /** The account that counts the number, if several have it. */
  counted_in: string;
}

/** What is true of a number in an account at the end of the day. Null: nothing is known. */
export interface AccountState {
  account: string;
  status: Entry | null;
  /** The last status that ended, of a number without a status. */
  left: Entry | null;
  assignment: Entry | null;
  classification: Entry | null;
  /** Null: the number is not in the inventory. */
  counted: Counted | null;
  /** Null: no list of numbers named it. */
  details: Details | null;
}

/** What the ledger knows about a number: nothing, if there are no states. */
export interface Timeline {
  number: string;
  /** One for each account that the ledger knows the number in, sorted by account. */
  states: AccountState[];
  /** Oldest first. */
  entries: Entry[];
  /** Accounts that the ledger knows it in, too, but that were not asked for. */
  otherAccounts: string[];
}

export interface TimelineOptions {
  /** Only these accounts; undefined: all. */
  accounts: readonly string[] | undefined;
  /** The states are those at the end of this day (UTC). */
  day: Day;
  /** Leave out what began after the day, and read the details as they were then. */
  untilDay: boolean;
  /** As recorded at this time, in PostgreSQL's format; undefined: now. */
  knownAt: string | undefined;
  /** Include the entries that the ledger no longer has (with `knownAt`: no longer had then). */
  superseded: boolean;
}

/**
 * Reads what the ledger knows about numbers, spelled as it stores them. Takes three queries, however many numbers there are. Run it in
 * a snapshot.
 *
 * @returns a time line for each number, in their order
 */
export async function readTimelines(
  client: pg.ClientBase,
  numbers: readonly string[],
  options: TimelineOptions,
): Promise<Timeline[]> {
  const { day, untilDay, knownAt = null } = options;
  const { rows: entries } = await client.query<Entry & { holds: boolean }>(
    `select t.*, recorded_to is null or recorded_to > $2 as holds
       from number_timelines($1) t where $2::timestamptz is null or recorded_from <= $2`,
    [numbers, knownAt],
  );
  const { rows: details } = await client.query<Details>('select * from number_details($1, $2, $3)', [
    numbers,
    untilDay ? day : null,
    knownAt,
  ]);
  const accounts = options.accounts ?? [...new Set(entries.map(({ account_id }) => account_id))];
  const { rows: counted } = await client.query<Counted>(
    `select telephone_number, account_id, category, left_out, counted_in
       from nruf_categories_of($1, array[$2::date], $3, known_at => $4)`,
    [numbers, day, accounts, knownAt],
  );
  const [entriesOf, detailsOf, countedOf] = [byNumber(entries), byNumber(details), byNumber(counted)];
  return numbers.map((number) => {
    const found = {
      entries: entriesOf.get(number) ?? [],
      details: detailsOf.get(number) ?? [],
      counted: countedOf.get(number) ?? [],
    };
    return toTimeline(number, found, options);
  });
}

function byNumber<T extends { telephone_number: string }>(rows: readonly T[]): Map<string, T[]> {
  return groupBy(rows, ({ telephone_number }) => telephone_number);
}

interface Found {
  entries: readonly (Entry & { holds: boolean })[];
  details: readonly Details[];
  counted: readonly Counted[];
}

function toTimeline(number: string, found: Found, options: TimelineOptions): Timeline {
  const { accounts, day, untilDay, superseded } = options;
  const end = new Date(`${addDays(day, 1)}T00:00:00Z`);
  const knowing = [...new Set(found.entries.map(({ account_id }) => account_id))].sort();
  const chosen = knowing.filter((account) => accounts?.includes(account) ?? true);
  const ofAccount = <T extends { account_id: string }>(rows: readonly T[], account: string) =>
    rows.filter(({ account_id }) => account_id === account);
  return {
    number,
    states: chosen.map((account) => ({
      account,
      ...intervalsAt(
        ofAccount(found.entries, account).filter(({ holds }) => holds),
        end,
      ),
      counted: ofAccount(found.counted, account)[0] ?? null,
      details: ofAccount(found.details, account)[0] ?? null,
    })),
    entries: found.entries
      .filter(
        ({ account_id, holds, at }) => chosen.includes(account_id) && (holds || superseded) && (!untilDay || at < end),
      )
      .map(({ holds: _, ...entry }) => entry),
    otherAccounts: knowing.filter((account) => !chosen.includes(account)),
  };
}

/** The intervals that include the last moment before `end`. */
function intervalsAt(
  entries: readonly Entry[],
  end: Date,
): Pick<AccountState, 'status' | 'left' | 'assignment' | 'classification'> {
  const at = (kind: Entry['kind']) =>
    entries.find((each) => each.kind === kind && each.at < end && (each.until === null || each.until >= end)) ?? null;
  const status = at('status');
  const ended = entries.filter(({ kind, until }) => kind === 'status' && until !== null && until < end);
  return {
    status,
    left: status === null ? (ended.at(-1) ?? null) : null,
    assignment: at('assignment'),
    classification: at('category'),
  };
}
