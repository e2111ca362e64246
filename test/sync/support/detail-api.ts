import type { ServerResponse } from 'node:http';
import type { ExecutionContext } from 'ava';
import type { OrderDetailResource } from '../../../src/dashboard/resource.js';
import type { Database } from '../../../src/database/connect.js';
import { createLog } from '../../../src/log.js';
import type { Job, RunReport } from '../../../src/run/job.js';
import { runJob } from '../../../src/run/run-job.js';
import { readOrderDetails } from '../../../src/sync/order-details.js';
import { clientFor, sendStatus, sendXml, serve } from '../../dashboard/support.js';
import { openLedgerDatabase } from '../../support/ledger-database.js';
import type { TestServer } from '../../support/postgres.js';
import { account, assignmentReportSettings, billingSettings, usualLimits } from './ledger.js';

/** A test API's response for an order: a payload, a status, or a function. */
export type OrderAnswer = string | number | ((response: ServerResponse) => void);

/** A ledger whose API returns only the orders that a test sets: for responses that the sandbox never sends. */
export interface DetailApi {
  database: Database;
  /** By path below the account: `orders/abc`. */
  answers: Map<string, OrderAnswer>;
  /** The requested paths, in order. */
  asked: string[];
  /** The maximum number of concurrent requests. */
  most: () => number;
  /** Called before each response. */
  onRequest: (path: string) => void | Promise<void>;
  read(resource: OrderDetailResource, options?: DetailRunOptions): Promise<RunReport>;
  /** Runs other work as a job. */
  run(work: Job['run'], options?: DetailRunOptions): Promise<RunReport>;
  query<T = Record<string, unknown>>(sql: string, values?: unknown[]): Promise<T[]>;
}

export interface DetailRunOptions {
  signal?: AbortSignal;
  nightLimitMs?: number;
  keepNotes?: boolean;
  requestsLeft?: () => number;
  now?: Date;
}

export async function openDetailApi(t: ExecutionContext<unknown>, server: TestServer): Promise<DetailApi> {
  const { database } = await openLedgerDatabase(t, server);
  let underWay = 0;
  let most = 0;
  const prefix = `/api/accounts/${account}/`;
  const api: DetailApi = {
    database,
    answers: new Map(),
    asked: [],
    most: () => most,
    onRequest: () => undefined,
    read: (resource, options) => api.run((context) => readOrderDetails(context, resource), options),
    run: (
      work,
      { signal = new AbortController().signal, nightLimitMs = 3_600_000, keepNotes = false, requestsLeft, now } = {},
    ) =>
      runJob(
        { name: 'read-details', summary: '', run: work },
        account,
        {
          billing: billingSettings(),
          assignmentReport: assignmentReportSettings(),
          accounts: [account],
          dataDir: '/nonexistent',
          inboxUsers: new Set<number>(),
          keepReportsDays: 400,
          keepNotes,
          ...(now && { now: () => now }),
          requestsPerMinute: 100_000,
          database,
          client,
          log: createLog({ level: 'error', format: 'json', redact: (text) => text, write: () => undefined }),
          signal,
          progress: { start: () => ({ expect() {}, advance() {}, stop() {} }) },
        },
        {
          ...usualLimits,
          maxShrink: 0.2,
          acceptShrink: false,
          nightLimitMs,
          followedBy: new Set(),
          ...(requestsLeft && { requestsLeft }),
        },
      ),
    async query(sql, values = []) {
      return (await database.pool.query(sql, values)).rows;
    },
  };
  const http = await serve(t, async ({ path }, response) => {
    underWay += 1;
    most = Math.max(most, underWay);
    response.once('close', () => {
      underWay -= 1;
    });
    const name = path.slice(prefix.length);
    api.asked.push(name);
    await api.onRequest(name);
    const answer = api.answers.get(name) ?? 404;
    if (typeof answer === 'function') answer(response);
    else if (typeof answer === 'number') sendStatus(response, answer);
    else sendXml(response, answer);
  });
  const { client } = clientFor(t, http);
  return api;
}

/** A response of `orders/{id}`. */
export function orderAnswer(
  orderId: string,
  { status = 'COMPLETE', numbers = [] as string[], modified = '2024-03-01T10:00:00.000Z', more = '' } = {},
): string {
  const completed = numbers.map((number) => `<TelephoneNumber><FullNumber>${number}</FullNumber></TelephoneNumber>`);
  return `<OrderResponse><CompletedQuantity>${numbers.length}</CompletedQuantity><LastModifiedDate>${modified}</LastModifiedDate>
    <Order><id>${orderId.replace('&', '&amp;').replace('<', '&lt;')}</id><Name>Order ${numbers.length}</Name>${more}</Order>
    <OrderStatus>${status}</OrderStatus><CompletedNumbers>${completed.join('')}</CompletedNumbers></OrderResponse>`;
}
