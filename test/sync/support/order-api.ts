import type { ExecutionContext } from 'ava';
import type { ClientEvent } from '../../../src/dashboard/client.js';
import type { Database } from '../../../src/database/connect.js';
import { createLog } from '../../../src/log.js';
import type { Job, JobOptions, RunReport } from '../../../src/run/job.js';
import { runJob } from '../../../src/run/run-job.js';
import { clientFor, quantity, type Received, sendStatus, sendXml, serve } from '../../dashboard/support.js';
import { openLedgerDatabase } from '../../support/ledger-database.js';
import type { TestServer } from '../../support/postgres.js';
import { assignmentReportSettings, billingSettings, usualLimits } from './ledger.js';

/** An order in a list: elements by name, and the day that windows match. */
export interface ListedOrder {
  day: string;
  id: string | undefined;
  elements?: Record<string, string>;
  /** Filters that it matches, besides days. */
  filters?: Record<string, string>;
}

/**
 * An API with only lists, as exact as tests need it: windows, pages that begin at an order, `TotalCount`. For cases
 * in which the sandbox is too well-behaved.
 */
export interface OrderApi {
  /** By the last segment of the list's path. */
  lists: Record<string, ListedOrder[]>;
  /** Maximum orders per page, whatever the client requests. */
  pageSize: number;
  /** Added to every TotalCount. */
  totalOff: number;
  /** Called before each response. */
  onRequest: (request: Received, nth: number) => void;
  /** Its response instead of the list: a page, or a status without a body. */
  instead: (request: Received) => string | number | undefined;
  /** The last path segment and the query of every request. */
  readonly requests: { list: string; query: Record<string, string> }[];
  database: Database;
  events: ClientEvent[];
  run(job: Job, options?: Partial<JobOptions> & { signal?: AbortSignal; now?: Date }): Promise<RunReport>;
  query<T = Record<string, unknown>>(sql: string, values?: unknown[]): Promise<T[]>;
}

export const account = '9900000';
const usualNow = '2026-03-04T07:00:00Z';

export async function openOrderApi(
  t: ExecutionContext<unknown>,
  postgres: TestServer,
  lists: OrderApi['lists'],
): Promise<OrderApi> {
  const requests: OrderApi['requests'] = [];
  let today = new Date(usualNow);
  const server = await serve(t, (request, response, index) => {
    const segments = request.path.split('/').slice(4);
    const [list = '', totals] = segments;
    requests.push({ list: segments.join('/'), query: Object.fromEntries(request.query) });
    api.onRequest(request, index + 1);
    const instead = api.instead(request);
    if (instead !== undefined) {
      return typeof instead === 'number' ? sendStatus(response, instead) : sendXml(response, instead);
    }
    const entries = api.lists[list];
    if (entries === undefined) return sendStatus(response, 500);
    const found = entries.filter((entry) => matches(entry, request.query, today));
    if (totals !== undefined) return sendXml(response, quantity(found.length + api.totalOff));
    const size = Math.min(Number(request.query.get('size') ?? 1000), api.pageSize);
    const page = request.query.get('page') ?? '1';
    const start = page === '1' ? 0 : found.findLastIndex(({ id }) => id === page);
    return sendXml(response, render(list, found, start, size, api.totalOff));
  });
  const { client, events } = clientFor(t, server);
  const { database } = await openLedgerDatabase(t, postgres);
  t.teardown(() => client.close());
  const log = createLog({ level: 'error', format: 'json', redact: (text) => text, write: () => undefined });
  const api: OrderApi = {
    lists,
    pageSize: 1000,
    totalOff: 0,
    onRequest: () => undefined,
    instead: () => undefined,
    requests,
    database,
    events,
    run: (job, { signal, now = new Date(usualNow), ...options } = {}) => {
      today = now;
      return runJob(
        job,
        account,
        {
          accounts: [account],
          billing: billingSettings(),
          assignmentReport: assignmentReportSettings(),
          dataDir: '/nonexistent',
          inboxUsers: new Set<number>(),
          keepReportsDays: 400,
          keepNotes: false,
          requestsPerMinute: 1_000_000,
          database,
          client,
          log,
          signal: signal ?? new AbortController().signal,
          progress: { start: () => ({ expect() {}, advance() {}, stop() {} }) },
          now: () => now,
        },
        { ...usualLimits, maxShrink: 0.2, acceptShrink: false, nightLimitMs: 0, followedBy: new Set(), ...options },
      );
    },
    async query(sql, values = []) {
      return (await database.pool.query(sql, values)).rows;
    },
  };
  return api;
}

/** Without days, a list returns the two years before the run. */
function matches(entry: ListedOrder, query: URLSearchParams, now: Date): boolean {
  const today = now.toISOString().slice(0, 10);
  const twoYearsAgo = `${Number(today.slice(0, 4)) - 2}${today.slice(4)}`;
  const bound = (...names: string[]) => {
    const day = names.map((name) => query.get(name)).find((value) => value !== null);
    return day && /^\d\d-/.test(day) ? `20${day}` : day;
  };
  if (entry.day < (bound('startdate', 'modifiedDateFrom') ?? twoYearsAgo)) return false;
  if (entry.day > (bound('enddate', 'modifiedDateTo') ?? today)) return false;
  for (const filter of ['action', 'status', 'loaType']) {
    const wanted = query.get(filter);
    if (wanted !== null && entry.filters?.[filter] !== wanted) return false;
    if (filter === 'status' && wanted === null && entry.filters?.status === 'draft') return false;
  }
  return true;
}

/** Lists without pages: their root, and the elements that their orders are in. */
const unpagedLists: Readonly<Record<string, { root: string; item: string }>> = {
  numbersAssignment: { root: 'TelephoneNumbersAssignmentOrders', item: 'TelephoneNumbersAssignmentOrderSummary' },
  importTnOrders: { root: 'ImportTnOrders', item: 'ImportTnOrderSummary' },
  removeImportedTnOrders: { root: 'RemoveImportedTnOrders', item: 'RemoveImportedTnOrderSummary' },
};
const numberLists = new Set(['discnumbers']);
const portLists = new Set(['portins', 'portouts']);

function render(list: string, found: ListedOrder[], start: number, size: number, totalOff: number): string {
  const items = found.slice(start, start + size);
  const next = found[start + size]?.id;
  const link =
    next === undefined ? '' : `<next>Link=&lt;http://x/?page=${encodeURIComponent(next)}&gt;;rel="next";</next>`;
  const head = `<TotalCount>${found.length + totalOff}</TotalCount><Links>${link}</Links>`;
  if (numberLists.has(list)) {
    const numbers = items.map(({ id }) => `<TelephoneNumber>${id ?? ''}</TelephoneNumber>`).join('');
    return `<TNs>${head}<TelephoneNumbers><Count>${items.length}</Count>${numbers}</TelephoneNumbers></TNs>`;
  }
  const unpaged = unpagedLists[list];
  const name = unpaged?.item ?? (portLists.has(list) ? 'lnpPortInfoForGivenStatus' : 'OrderIdUserIdDate');
  const orders = items.map(({ id, elements = {} }) => {
    const all = { ...(id === undefined ? {} : { OrderId: id }), ...elements };
    const children = Object.entries(all).map(([child, text]) => `<${child}>${text}</${child}>`);
    return `<${name}>${children.join('')}</${name}>`;
  });
  if (portLists.has(list)) return `<LNPResponseWrapper>${head}${orders.join('')}</LNPResponseWrapper>`;
  if (unpaged !== undefined) return `<${unpaged.root}>${head}${orders.join('')}</${unpaged.root}>`;
  return `<ResponseSelectWrapper><ListOrderIdUserIdDate>${head}${orders.join('')}</ListOrderIdUserIdDate></ResponseSelectWrapper>`;
}
