import type { AccountState } from '../account.js';
import { type Answer, badRequest, empty, notFound, xml } from '../answer.js';
import { readCursor, writeCursor } from '../cursor.js';
import { inService, type NumberRow } from '../number.js';
import { isNanp, keyOf, textOf } from '../number-key.js';
import { firstInService, oddNumbersOf } from '../number-oddities.js';
import { daysOf, digitsOf, known, numberedPage, sizeOf } from '../parameters.js';
import { accountOf, type Call, type Route } from '../route.js';
import type { SandboxState } from '../state.js';
import { linksXml } from '../xml.js';

const root = 'TNs';
const filterNames = ['areacode', 'npanxx', 'lata', 'state', 'ratecenter', 'startdate', 'enddate'] as const;

type Filter = (row: NumberRow) => boolean;

/** The filter of a query; undefined without filter parameters. */
function filterOf(query: Record<string, string>): Filter | undefined {
  const given = known(query, filterNames);
  if (Object.keys(given).length === 0) {
    return undefined;
  }
  if (given.ratecenter !== undefined && given.state === undefined) {
    throw badRequest(root, 'The ratecenter parameter requires the state parameter');
  }
  const prefix = [
    digitsOf(given, { root, name: 'areacode', digits: 3 }) ?? '',
    digitsOf(given, { root, name: 'npanxx', digits: 6, code: '15511' }) ?? '',
  ];
  const { from, before } = daysOf(given, root);
  const within = (time: number | undefined) => time !== undefined && time >= from && time < before;
  const digitsMatter = prefix.some((digits) => digits !== '');
  return (row) =>
    (!digitsMatter || (isNanp(row.key) && prefix.every((digits) => textOf(row.key).startsWith(digits)))) &&
    (given.lata === undefined || row.lata === given.lata) &&
    (given.state === undefined || row.state === given.state.toUpperCase()) &&
    (given.ratecenter === undefined || row.rateCenter === given.ratecenter.toUpperCase()) &&
    (within(row.inServiceDate) || within(row.lastModified));
}

interface Page {
  keys: number[];
  next: number | undefined;
}

interface PageOptions {
  /** Position in the order of the list. */
  start: number;
  /** How many matches to skip before the page. */
  skip: number;
  size: number;
  filter?: Filter;
}

/** One page of the numbers in service. */
function pageFrom({ inventory }: AccountState, options: PageOptions): Page {
  const { size, filter } = options;
  const keys: number[] = [];
  let skip = options.skip;
  for (let n = options.start; n < inventory.inServiceCount; n++) {
    const key = inventory.inServiceKeyAt(n);
    if (filter === undefined || filter(inventory.row(key))) {
      if (skip > 0) {
        skip--;
        continue;
      }
      if (keys.length === size) {
        return { keys, next: key };
      }
      keys.push(key);
    }
  }
  return { keys, next: undefined };
}

/** How many numbers in service match a filter. Counted once per inventory version, since every page includes it. */
function totalOf(state: SandboxState, account: AccountState, filter: Filter | undefined): number {
  const { inventory } = account;
  const first = firstInService(state, account);
  if (filter === undefined) {
    return inventory.inServiceCount - first;
  }
  let total = 0;
  for (let n = first; n < inventory.inServiceCount; n++) {
    total += filter(inventory.row(inventory.inServiceKeyAt(n))) ? 1 : 0;
  }
  return total;
}

interface KnownTotal {
  query: string;
  version: number;
  first: number;
  total: number;
}

function createList(): (call: Call) => Answer {
  const lastTotals = new WeakMap<AccountState, KnownTotal>();

  function cachedTotal({ state }: Call, account: AccountState, filter: Filter | undefined, query: string): number {
    const first = firstInService(state, account);
    const last = lastTotals.get(account);
    const { version } = account.inventory;
    if (last !== undefined && last.query === query && last.version === version && last.first === first) {
      return last.total;
    }
    const total = totalOf(state, account, filter);
    lastTotals.set(account, { query, version, first, total });
    return total;
  }

  return (call) => {
    const account = accountOf(call);
    const { state, query } = call;
    const size = sizeOf(call, { root, defaultSize: 300, maxSize: 5000 });
    const filter = filterOf(query);
    const cursor = query.page ?? '1';
    const numbered = numberedPage(call, root, size);
    const from = cursor === '1' || numbered !== undefined ? undefined : readCursor(state.seed, cursor);
    if (cursor !== '1' && numbered === undefined && from === undefined) {
      throw badRequest(root, `The page '${cursor}' is invalid`);
    }
    const given = known(query, filterNames);
    const total = cachedTotal(call, account, filter, JSON.stringify(given));
    const start = from === undefined ? firstInService(state, account) : account.inventory.inServicePositionFrom(from);
    const page = pageFrom(account, {
      start,
      skip: numbered?.skip ?? 0,
      size,
      ...(filter === undefined ? {} : { filter }),
    });
    const self = state.lastPageNext === 'self' ? cursor : undefined;
    const links = (indent: string) =>
      linksXml({
        address: `http://api.inetwork.com:443/v1.0/accounts/${account.id}/inserviceNumbers`,
        query: given,
        size,
        next: page.next === undefined ? self : (numbered?.next ?? writeCursor(state.seed, page.next)),
        raw: call.rawLinks,
        indent,
      });
    if (total === 0 && state.emptyAs !== '200') {
      return state.emptyAs === '204'
        ? empty(204)
        : xml(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n${links('')}`, 404);
    }
    const keys = call.applyShortList(page.keys);
    return xml(`<?xml version="1.0"?>
<TNs>
    <TotalCount>${total}</TotalCount>
${links('    ')}    <TelephoneNumbers>
        <Count>${keys.length}</Count>
${keys.map((key) => numberXml(account, key)).join('')}    </TelephoneNumbers>
</TNs>
`);
  };
}

function numberXml({ inventory }: AccountState, key: number): string {
  const text = textOf(key);
  return inventory.quirkOf(key) === 'padded'
    ? `        <TelephoneNumber>\n            ${text}\n        </TelephoneNumber>\n`
    : `        <TelephoneNumber>${text}</TelephoneNumber>\n`;
}

function totals(call: Call): Answer {
  const account = accountOf(call);
  const total = totalOf(call.state, account, filterOf(call.query));
  return xml(`<Quantity>\n    <Count>${total}</Count>\n</Quantity>\n`);
}

function verify(call: Call): Answer {
  const account = accountOf(call);
  const { inventory } = account;
  const key = keyOf(call.params.tn ?? '');
  const isLive = (key: number) =>
    inventory.row(key).status === inService && oddNumbersOf(call.state, account).get(key) !== 'in-account';
  if (key !== undefined && inventory.has(key) && isLive(key)) {
    return empty(200);
  }
  // 404 with a body for a number in E.164 format, without one for ten digits: both mean not in service.
  return call.params.tn?.startsWith('+') ? notFound(root) : empty(404);
}

export function inServiceNumberRoutes(): Route[] {
  const path = '/accounts/:accountId/inserviceNumbers';
  return [
    { method: 'GET', path, root, list: true, answer: createList() },
    { method: 'GET', path: `${path}/totals`, root, answer: totals },
    { method: 'GET', path: `${path}/:tn`, root, answer: verify },
  ];
}
