import type pg from 'pg';
import type { DashboardClient } from '../dashboard/client.js';
import { ApiError } from '../dashboard/errors.js';
import {
  type Found,
  type NumberEvent,
  type NumberRequest,
  type NumberReservation,
  type NumberService,
  readNumberHistory,
  readReservation,
  readSingleNumber,
  type SingleNumberDetails,
} from '../dashboard/single-number.js';
import { groupBy } from '../group-by.js';
import type { AccountState, Timeline } from './read-timelines.js';

/** What the API says about one resource of a number: nothing, if it doesn't know it; or why it refuses to say. */
export type Answer<T> =
  | { state: 'found'; value: T }
  | { state: 'unknown' }
  | { state: 'refused'; status: number; reason: string };

/** What the API says about a number now. */
export interface LiveNumber {
  /** The account whose credentials were used. */
  account: string;
  readAt: Date;
  details: Answer<SingleNumberDetails>;
  history: Answer<NumberEvent[]>;
  reservation: Answer<NumberReservation>;
}

/** Accounts whose numbers the same credentials reach. */
export interface LiveSource {
  client: DashboardClient;
  accounts: readonly string[];
}

/** Requests for a number that the API knows. One that it doesn't know takes twice as many: one for each of its spellings. */
export const requestsPerNumber = 3;

/** Reads a number with the credentials of one of the given accounts or, if these don't know it, of others. */
export type LiveReader = (number: string, accounts: readonly string[]) => Promise<LiveNumber>;

/**
 * Creates a reader of numbers. A resource that the credentials have no role for is requested once.
 *
 * @throws the reader: the errors of the client, except that the API refuses a request
 */
export function createLiveReader(sources: readonly LiveSource[], signal: AbortSignal): LiveReader {
  const withoutRole = new Map<string, Answer<never>>();

  async function ask<T>(
    read: (request: NumberRequest) => Promise<Found<T> | undefined>,
    request: NumberRequest,
  ): Promise<{ answer: Answer<T>; spelling?: string }> {
    const key = `${read.name} ${request.account}`;
    const known = withoutRole.get(key);
    if (known !== undefined) return { answer: known };
    try {
      const found = await read(request);
      if (found === undefined) return { answer: { state: 'unknown' } };
      return { answer: { state: 'found', value: found.value }, spelling: found.spelling };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const { status, message, hint, lacksRole } = error;
      const answer = {
        state: 'refused',
        status,
        reason: hint === undefined ? message : `${message}. ${hint}`,
      } as const;
      if (lacksRole) withoutRole.set(key, answer);
      return { answer };
    }
  }

  async function readWith(client: DashboardClient, account: string, number: string): Promise<LiveNumber> {
    const request = { client, account, number, signal };
    const { answer: details, spelling } = await ask(readSingleNumber, request);
    const same = spelling === undefined ? request : { ...request, spellings: [spelling] };
    const [history, reservation] = await Promise.all([ask(readNumberHistory, same), ask(readReservation, same)]);
    return { account, readAt: client.now(), details, history: history.answer, reservation: reservation.answer };
  }

  return async (number, accounts) => {
    let first: LiveNumber | undefined;
    const has = ({ accounts: own }: LiveSource) => own.some((account) => accounts.includes(account));
    for (const source of [...sources].sort((a, b) => Number(has(b)) - Number(has(a)))) {
      const account = source.accounts.find((each) => accounts.includes(each)) ?? (source.accounts[0] as string);
      const live = await readWith(source.client, account, number);
      if (isKnownLive(live)) return live;
      first ??= live;
    }
    return first as LiveNumber;
  };
}

/** Whether the API knows anything about the number. */
export function isKnownLive({ details, history, reservation }: LiveNumber): boolean {
  return [details, history, reservation].some(({ state }) => state === 'found');
}

/** Whether the API refused to say something about the number. */
export function isRefused({ details, history, reservation }: LiveNumber): boolean {
  return [details, history, reservation].some(({ state }) => state === 'refused');
}

/** Where the ledger has a number of an account. */
export interface StoredPlace {
  account_id: string;
  telephone_number: string;
  sip_peer_id: string | null;
  /** Null: unknown. */
  tn_attributes: string[] | null;
}

/** Reads where the ledger has the numbers now. */
export async function readPlaces(
  client: pg.ClientBase,
  numbers: readonly string[],
): Promise<Map<string, StoredPlace[]>> {
  const { rows } = await client.query<StoredPlace>(
    `select account_id, telephone_number, sip_peer_id, tn_attributes
       from telephone_numbers where telephone_number = any ($1) and removed_at is null`,
    [numbers],
  );
  return groupBy(rows, ({ telephone_number }) => telephone_number);
}

/** An event of the API's history, and whether the ledger has its order; null: it can't have, or wasn't asked for. */
export interface ComparedEvent extends NumberEvent {
  inLedger: boolean | null;
}

export interface LiveComparison {
  /** As sentences. */
  differences: string[];
  events: ComparedEvent[];
}

/** What to compare the API's answer with. */
export interface LedgerSide {
  timeline: Timeline;
  places: readonly StoredPlace[];
  /** The accounts of the configuration. The others are other customers'. */
  own: ReadonlySet<string>;
  /** The accounts that were asked for; undefined: all. */
  chosen: readonly string[] | undefined;
}

/** Compares what the API says about a number with what the ledger says now. */
export function compareLive(live: LiveNumber, ledger: LedgerSide): LiveComparison {
  const { timeline, own, chosen } = ledger;
  const isAsked = (account: string | undefined): account is string =>
    account !== undefined && own.has(account) && (chosen?.includes(account) ?? true);
  const orders = new Set(timeline.entries.flatMap(({ order_id, end_order_id }) => [order_id, end_order_id]));
  const events = live.history.state === 'found' ? live.history.value : [];
  return {
    differences: [...differencesOf(live.details, ledger, isAsked)],
    events: events.map((event) => ({
      ...event,
      inLedger: isAsked(event.accountId) && event.orderId !== undefined ? orders.has(event.orderId) : null,
    })),
  };
}

const isHeld = (status: string | null | undefined) => status === 'Inservice' || status === 'InAccount';

function* differencesOf(
  details: Answer<SingleNumberDetails>,
  { timeline, places, own }: LedgerSide,
  isAsked: (account: string | undefined) => account is string,
): Generator<string> {
  if (details.state === 'refused') return;
  const held = timeline.states.filter(({ status }) => isHeld(status?.value));
  if (details.state === 'unknown') {
    for (const { account } of held)
      yield `The ledger has it in service in account ${account}. The API doesn't know the number.`;
    return;
  }
  const { value } = details;
  const services = [value, ...value.hosted];
  for (const state of held) {
    const service = services.find(({ accountId }) => accountId === state.account);
    if (service === undefined)
      yield `The ledger has it in service in account ${state.account}, the API in ${nameAccount(value.accountId, own)} with status ${value.status ?? 'unknown'}.`;
    else
      yield* differencesIn(state, service, { value, place: places.find((each) => each.account_id === state.account) });
  }
  // A hosted number is in service on each of its accounts, whatever status its details have.
  for (const { accountId } of services.filter((service) => service !== value || isHeld(value.status))) {
    if (isAsked(accountId) && !held.some(({ account }) => account === accountId))
      yield `The API has it in account ${accountId}, where the ledger doesn't have it.`;
  }
}

/** Differences in an account that has the number according to both. */
function* differencesIn(
  { status, details }: AccountState,
  service: NumberService,
  { value, place }: { value: SingleNumberDetails; place: StoredPlace | undefined },
): Generator<string> {
  const differ = (what: string, ledger: string | null | undefined, api: string | undefined) =>
    ledger != null && ledger !== api ? [`${what}: ${ledger} in the ledger, ${api ?? 'none'} in the API.`] : [];
  // The other details of a hosted number come from the account with its voice service.
  if (service === value) {
    yield* differ('Status', status?.value, value.status);
    yield* differ('Rate center', details?.rate_center, value.rateCenter);
    yield* differ('State', details?.state, value.state);
    const date = details?.in_service_date ?? undefined;
    const api = value.inServiceDate;
    if (api !== undefined && date?.getTime() !== Date.parse(api))
      yield `In-service date: ${date?.toISOString() ?? 'none'} in the ledger, ${api} in the API.`;
  }
  yield* differ('Location', place?.sip_peer_id, service.sipPeer?.id);
  const list = (attributes: readonly string[]) => attributes.join(', ') || 'none';
  yield* differ(
    'Attributes',
    place?.tn_attributes == null ? null : list(place.tn_attributes),
    list(service.attributes),
  );
}

/** Names an account of the configuration. The others are other customers', whose IDs are theirs. */
export function nameAccount(account: string | undefined, own: ReadonlySet<string>): string {
  if (account === undefined) return 'an unknown account';
  return own.has(account) ? `account ${account}` : 'another account';
}
