import type pg from 'pg';
import { chunksOf } from '../../chunks-of.js';
import { ApiError, isNotOffered } from '../../dashboard/errors.js';
import { type NumberEvent, readNumberHistory } from '../../dashboard/single-number.js';
import { inTransaction } from '../../database/transaction.js';
import { formatCount } from '../../format.js';
import type { JobContext } from '../../run/job.js';
import { sentencesOf } from '../not-offered.js';
import { explanationOf, type Move } from './explain.js';

/** The name of the setting, for messages. */
export const historiesSetting = 'TN_LEDGER_NUMBER_HISTORIES_PER_NIGHT';

/** A number that the API doesn't know takes a request for each of its spellings. */
const mostRequests = 2;

/** A number to read, and its unexplained moves. */
interface NumberToRead {
  number: string;
  moves: StoredMove[];
}

interface StoredMove extends Move {
  /** Its exact time, which a Date doesn't have: part of its key. */
  movedAt: string;
}

/** What the API says about a number, or why it says nothing. */
interface Reading extends NumberToRead {
  events: NumberEvent[];
  error: string | undefined;
}

/** Counts the numbers with unexplained moves whose histories were not read yet. */
export async function countUnread({ account, database }: Pick<JobContext, 'account' | 'database'>): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>(
    `select count(distinct telephone_number)::integer as count from unexplained_moves where account_id = $1 and read_at is null`,
    [account],
  );
  return rows[0]?.count ?? 0;
}

/**
 * Reads the API's histories of the numbers with the latest unexplained moves, as many as the limits allow, and stores this account's
 * events in them. Each number is read once, and again if it moves again without an order. Commits as it goes.
 *
 * @throws the client's errors, except those that concern a single number
 */
export async function readNumberHistories(context: JobContext): Promise<void> {
  const { account, client, log, options, run } = context;
  const { numberHistoriesPerNight: limit, requestsLeft = () => Number.POSITIVE_INFINITY } = options;
  const most = Math.min(limit, Math.floor(requestsLeft() / mostRequests));
  const numbers = most === 0 ? [] : await selectNumbers(context, most);
  if (numbers.length > 0) run.expect(numbers.length);
  // The first alone: if the role is missing, one request is enough to know.
  const chunks = [numbers.slice(0, 1), ...chunksOf(numbers.slice(1), 4 * client.concurrencyFor(account))];
  try {
    for (const chunk of chunks) {
      const readings = await Promise.all(chunk.map((each) => read(context, each)));
      const written = await inTransaction(context.database, { repeatable: true }, (db) => store(db, account, readings));
      run.add({ rowsRead: readings.length, rowsWritten: written });
    }
  } catch (error) {
    if (!isNotOffered(error)) throw error;
    run.warn(`Histories of single numbers were not read: ${sentencesOf(error)} ${historiesSetting}=0 turns this off.`);
  }
  const left = await countUnread(context);
  if (left > 0)
    log.info(
      `Histories of numbers of account ${account}: ${formatCount(left)} ${left === 1 ? 'number' : 'numbers'} left for later runs, of which each reads up to ${formatCount(limit)} (${historiesSetting})`,
    );
}

/** The numbers with unread moves, those with the latest ones first, each with all its unexplained moves. */
async function selectNumbers({ account, database }: JobContext, most: number): Promise<NumberToRead[]> {
  const { rows } = await database.pool.query<{ number: string } & StoredMove>(
    `select u.telephone_number as number, u.kind, u.moved_at as at, u.after_at as after, u.moved_at::text as "movedAt"
       from (select telephone_number, max(moved_at) as last from unexplained_moves
              where account_id = $1 and read_at is null
              group by 1 order by 2 desc, 1 limit $2) as unread
       join unexplained_moves u on u.account_id = $1 and u.telephone_number = unread.telephone_number
      order by unread.last desc, 1, 3`,
    [account, most],
  );
  const byNumber = new Map<string, NumberToRead>();
  for (const { number, ...move } of rows) {
    const known = byNumber.get(number) ?? { number, moves: [] };
    known.moves.push(move);
    byNumber.set(number, known);
  }
  return [...byNumber.values()];
}

async function read({ account, client, signal }: JobContext, each: NumberToRead): Promise<Reading> {
  try {
    const found = await readNumberHistory({ client, account, number: each.number, signal });
    return {
      ...each,
      events: found?.value ?? [],
      error: found === undefined ? 'the API has no history of it' : undefined,
    };
  } catch (error) {
    // Refused for this number alone, such as one that is another customer's by now. The message may name that account.
    if (!(error instanceof ApiError) || error.lacksRole || ![400, 403].includes(error.status)) throw error;
    const codes = error.codes.map(({ code }) => code).filter((code) => code !== '');
    return { ...each, events: [], error: `rejected with status ${[error.status, ...codes].join(', error ')}` };
  }
}

/** Stores the account's own events, and which of all events explains each move. Returns the rows written. */
async function store(client: pg.ClientBase, account: string, readings: readonly Reading[]): Promise<number> {
  const events = readings.flatMap(({ number, events }) =>
    events.filter(({ accountId }) => accountId === account).map((event, n) => ({ number, place: n + 1, ...event })),
  );
  const moves = readings.flatMap(({ number, moves, events, error }) =>
    moves.map((move) => {
      const event = explanationOf(move, events, account);
      // Orders of other accounts are other customers' data.
      const own = event?.accountId === account ? event : undefined;
      return { number, ...move, error, eventAt: event?.at, orderId: own?.orderId, orderType: own?.orderType };
    }),
  );
  const stored = await client.query(
    `with gone as (
       delete from number_events e
        where e.account_id = $1 and e.telephone_number = any ($2) and not exists (
          select from unnest($3::text[], $4::integer[]) as r (number, place)
           where r.number = e.telephone_number and r.place = e.event_number))
     insert into number_events as e
       (account_id, telephone_number, event_number, event_at, status, order_id, order_type, order_status, order_date, user_id)
     select $1, r.* from unnest(
       $3::text[], $4::integer[], $5::timestamptz[], $6::text[], $7::text[], $8::text[], $9::text[], $10::timestamptz[], $11::text[]) as r
     on conflict (account_id, telephone_number, event_number) do update
        set event_at = excluded.event_at, status = excluded.status, order_id = excluded.order_id, order_type = excluded.order_type,
            order_status = excluded.order_status, order_date = excluded.order_date, user_id = excluded.user_id, recorded_from = now()
      where (e.event_at, e.status, e.order_id, e.order_type, e.order_status, e.order_date, e.user_id) is distinct from
        (excluded.event_at, excluded.status, excluded.order_id, excluded.order_type, excluded.order_status, excluded.order_date, excluded.user_id)`,
    [
      account,
      readings.map(({ number }) => number),
      events.map(({ number }) => number),
      events.map(({ place }) => place),
      events.map(({ at }) => at ?? null),
      events.map(({ status }) => status ?? null),
      events.map(({ orderId }) => orderId ?? null),
      events.map(({ orderType }) => orderType ?? null),
      events.map(({ orderStatus }) => orderStatus ?? null),
      events.map(({ orderCreateDate }) => orderCreateDate ?? null),
      events.map(({ userId }) => userId ?? null),
    ],
  );
  const explained = await client.query(
    `update unexplained_moves u
        set read_at = now(), event_at = r.event_at, order_id = r.order_id, order_type = r.order_type, error = r.error
       from unnest($2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::text[], $7::text[], $8::text[])
         as r (number, kind, moved_at, event_at, order_id, order_type, error)
      where u.account_id = $1 and u.telephone_number = r.number and u.kind = r.kind
        and u.moved_at = r.moved_at`,
    [
      account,
      moves.map(({ number }) => number),
      moves.map(({ kind }) => kind),
      moves.map(({ movedAt }) => movedAt),
      moves.map(({ eventAt }) => eventAt ?? null),
      moves.map(({ orderId }) => orderId ?? null),
      moves.map(({ orderType }) => orderType ?? null),
      moves.map(({ error }) => error ?? null),
    ],
  );
  return (stored.rowCount ?? 0) + (explained.rowCount ?? 0);
}
