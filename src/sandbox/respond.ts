import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, accessDenied, empty, html, notFound, Refusal, xml } from './answer.js';
import { preciseNow } from './clock.js';
import { readDays } from './day-oddities.js';
import { type Damage, deliver } from './deliver.js';
import { createFaultPlan, type FaultKind } from './faults.js';
import { hashText, randomBelow } from './hash.js';
import { spellOddly } from './odd-spelling.js';
import { createPageMemory } from './page-memory.js';
import { isForbidden } from './permissions.js';
import type { LoggedRequest } from './request-log.js';
import type { Call, Route } from './route.js';
import type { SandboxState } from './state.js';
import { errorXml } from './xml.js';

/** An HTTP request as the routes see it. */
export interface ApiRequest {
  route: Route;
  params: Record<string, string>;
  body(): Promise<string>;
  header(name: string): string | undefined;
  authorization: string | undefined;
  acceptEncoding: string | undefined;
  response: ServerResponse;
  entry: LoggedRequest;
}

const damages: readonly FaultKind[] = ['reset', 'stall', 'truncate', 'lost-answer'] satisfies Damage[];

/**
 * Handles every API request in the same steps: credentials, account, rate limit, fault, route, delivery. A request that
 * gets 429, 500 or a proxy page is not executed; a request whose response is lost is.
 */
export function createResponder(state: SandboxState): (request: ApiRequest) => Promise<void> {
  const drawFault = createFaultPlan(state.seed);
  const pages = createPageMemory();
  let proxyPages = 0;

  function refusalOf({ route, params, authorization, entry }: ApiRequest): Answer | undefined {
    if (!state.credentials.accepts(authorization)) {
      const body = errorXml(route.root, 'Authentication failed', '401');
      return { ...xml(body, 401), headers: { 'WWW-Authenticate': 'Basic realm="Bandwidth"' } };
    }
    const accountId = params.accountId ?? (route.path === '/tns' ? entry.query.accountId : undefined);
    if (accountId !== undefined && !state.accounts.has(accountId)) {
      return accountId === state.foreignAccountId ? accessDenied(route.root) : notFound(route.root);
    }
    if (isForbidden(route.path, state.oddities)) {
      return empty(403);
    }
    const limited = entry.account ?? (state.accounts.keys().next().value as string);
    const clearsAt = state.admit(limited);
    return clearsAt === undefined ? undefined : tooManyRequests(clearsAt);
  }

  function tooManyRequests(clearsAt: number): Answer {
    const reset = state.resetUnit === 'milliseconds' ? clearsAt : clearsAt / 1000;
    return empty(429, { 'X-RateLimit-Reset': String(Math.ceil(reset)) });
  }

  function faultAnswer(fault: FaultKind | undefined, previous: Answer | undefined): Answer | undefined {
    switch (fault) {
      case '429':
        return tooManyRequests(preciseNow() + 1000);
      case '500':
        return xml(errorXml('ErrorResponse', 'Internal server error', '500'), 500);
      case 'html': {
        proxyPages++;
        return proxyPages % 2 === 1
          ? html('Service status', 'All systems are under maintenance.', 200)
          : html('502 Bad Gateway', 'The upstream server sent an invalid response.', 502);
      }
      case 'duplicate-page':
        return previous;
      default:
        return undefined;
    }
  }

  async function routeAnswer(request: ApiRequest, fault: FaultKind | undefined): Promise<Answer> {
    const { entry } = request;
    const accountId = request.params.accountId ?? entry.query.accountId;
    const call: Call = {
      state,
      params: request.params,
      query: readDays(entry.query, request.route.dayForm ?? 'yyyy-MM-dd', state.oddities),
      body: request.body,
      header: request.header,
      account: accountId === undefined ? undefined : state.accounts.get(accountId),
      get rawLinks() {
        if (fault === 'raw-links') {
          entry.fault = fault;
        }
        return fault === 'raw-links';
      },
      applyShortList(items) {
        if (fault !== 'short-list' || items.length === 0) {
          return items;
        }
        entry.fault = fault;
        return leaveOut(items, hashText(state.seed, `${entry.path} ${entry.query.page}`));
      },
    };
    try {
      return spellOddly(await request.route.answer(call), request.route, state.oddities);
    } catch (error) {
      if (error instanceof Refusal) {
        return error.answer;
      }
      throw error;
    }
  }

  return async (request) => {
    const { route, entry, response } = request;
    if (state.latency > 0) {
      await delay(state.latency);
    }
    const compress = state.gzip && /\bgzip\b/.test(request.acceptEncoding ?? '');
    const refusal = refusalOf(request);
    if (refusal !== undefined) {
      await deliver({ response, entry, answer: refusal, compress });
      return;
    }
    const { page = '1', ...others } = entry.query;
    const listing = `${entry.path} ${JSON.stringify(others)}`;
    for (const account of state.accounts.values()) {
      account.orderBook.applyDueSteps();
    }
    const fault = drawFault({
      rates: state.faults,
      request: `${entry.method} ${listing} ${page}`,
      list: route.list === true,
      creates: route.creates === true,
    });
    const replaced = faultAnswer(fault, page === '1' ? undefined : pages.before(listing, page));
    if (replaced !== undefined && fault !== undefined) {
      entry.fault = fault;
      await deliver({ response, entry, answer: replaced, compress });
      return;
    }
    const answer = await routeAnswer(request, fault);
    if (route.list === true && answer.status === 200 && state.faults['duplicate-page']) {
      pages.remember(listing, page, answer);
    }
    const damage = fault !== undefined && damages.includes(fault) ? (fault as Damage) : undefined;
    await deliver({ response, entry, answer, compress, damage });
  };
}

/** Removes about one in a hundred items from a list, and at least one. */
function leaveOut<T>(items: readonly T[], seed: number): T[] {
  const random = randomBelow(seed);
  const left = [...items];
  for (let i = 0; i < Math.ceil(items.length / 100); i++) {
    left.splice(random(left.length), 1);
  }
  return left;
}
