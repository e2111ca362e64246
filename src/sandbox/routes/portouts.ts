import type { AccountState } from '../account.js';
import { type Answer, empty, xml } from '../answer.js';
import { writeDate } from '../dates.js';
import type { SandboxPortOut } from '../orders/order-types.js';
import { dayOf, dayRangeOf, known, sizeOf } from '../parameters.js';
import { accountOf, type Call, type Route } from '../route.js';
import { line } from '../xml.js';
import { listedDate, listedId, orderLinks, orderOf, orderPage, twoYears } from './order-page.js';

const kind = 'portouts';
const listRoot = 'LNPResponseWrapper';
const root = 'LnpOrderResponse';
const filterNames = ['status', 'date', 'startdate', 'enddate'] as const;
const day = 86_400_000;
const seconds = 0;
const dayOnly = 7;

function listOf(call: Call) {
  return accountOf(call).orderBook.open().lists.portouts;
}

/** The newest port-outs with a number, as many as the oddity `portouts-in-portins` moves to the list of port-ins. */
export function portOutsInPortIns(call: Call): SandboxPortOut[] {
  const count = call.state.oddities['portouts-in-portins'] ?? 0;
  const named = count === 0 ? [] : listOf(call).all.filter(({ countOfTns }) => countOfTns > 0);
  return named.slice(0, count);
}

/**
 * Port-outs, newest first. `startdate` and `enddate`, together, filter by last change, as does `date`, a single day. A
 * list of one page has `<Links />`, as in the reference. Without matches the response is 204 (the sandbox defines
 * this).
 */
function list(call: Call): Answer {
  const { query, state } = call;
  const account = accountOf(call);
  const size = sizeOf(call, { root: listRoot, defaultSize: 300, maxSize: 1000 });
  const days = dayRangeOf(query, { root: listRoot, form: 'yyyy-MM-dd', together: true });
  const date = dayOf(query, { root: listRoot, name: 'date', form: 'yyyy-MM-dd' });
  const recent = { from: state.clock.now().getTime() - twoYears, before: Number.POSITIVE_INFINITY };
  const { from, before } = days ?? (date === undefined ? recent : { from: date, before: date + day });
  const portOutsInPortInList = portOutsInPortIns(call);
  const page = orderPage({
    call,
    kind,
    root: listRoot,
    list: listOf(call),
    size,
    filter: (order: SandboxPortOut) =>
      order.lastModifiedDate.getTime() >= from &&
      order.lastModifiedDate.getTime() < before &&
      !portOutsInPortInList.includes(order) &&
      (query.status === undefined || order.status === query.status.toUpperCase()),
  });
  if (page.total === 0) {
    return empty(204);
  }
  const links =
    page.next === undefined && query.page === undefined
      ? '    <Links />\n'
      : orderLinks(call, {
          address: `http://api.inetwork.com:443/v1.0/accounts/${account.id}/portouts`,
          query: known(query, filterNames),
          size,
          next: page.next,
        });
  return xml(`<LNPResponseWrapper>
    <TotalCount>${page.total}</TotalCount>
${links}${page.orders.map((order) => portOutItemXml(account, order)).join('')}</LNPResponseWrapper>
`);
}

/** A port-out in a list. */
export function portOutItemXml(account: AccountState, order: SandboxPortOut): string {
  const i = '        ';
  const modified = listedDate(account, { kind, order, text: order.lastModifiedDate.toISOString() });
  const [number] = account.misbehavior.numbersOf(kind, order, [order.telephoneNumber]);
  return `    <lnpPortInfoForGivenStatus>
${line(i, 'CountOfTNs', order.countOfTns)}${line(i, 'userId', order.userId)}${line(
  i,
  'lastModifiedDate',
  modified,
)}${line(i, 'OrderDate', order.orderDate.toISOString())}${line(i, 'OrderId', listedId(account, kind, order))}${line(
  i,
  'OrderType',
  order.orderType,
)}${line(i, 'ErrorCode', order.errorCode)}${line(i, 'ErrorMessage', order.errorMessage)}${line(
  i,
  'FullNumber',
  order.countOfTns === 0 ? undefined : number,
)}${line(i, 'ProcessingStatus', order.status)}${line(
  i,
  'RequestedFOCDate',
  order.requestedFocDate.toISOString(),
)}${line(i, 'VendorId', order.spid)}    </lnpPortInfoForGivenStatus>
`;
}

/** One port-out, without its number. A requested FOC date at midnight is written without a time. */
function read(call: Call): Answer {
  const account = accountOf(call);
  const order = orderOf(call, { kind, list: listOf(call), root });
  const form = order.requestedFocDate.getTime() % day === 0 ? dayOnly : seconds;
  const i = '    ';
  return xml(`<LnpOrderResponse>
${line(i, 'RequestedFocDate', writeDate(form, order.requestedFocDate.getTime()))}${line(
  i,
  'ActualFocDate',
  order.actualFocDate === undefined ? undefined : writeDate(seconds, order.actualFocDate.getTime()),
)}${line(i, 'PON', order.pon)}${line(i, 'CustomerOrderId', order.customerOrderId)}${line(
  i,
  'AccountId',
  account.id,
)}${line(i, 'OrderCreateDate', order.orderDate.toISOString())}${line(
  i,
  'LastModifiedDate',
  order.lastModifiedDate.toISOString(),
)}${line(i, 'userId', order.userId)}${line(i, 'PortOutStatus', order.status)}${line(
  i,
  'SPID',
  order.spid,
)}</LnpOrderResponse>
`);
}

export function portOutRoutes(): Route[] {
  const path = '/accounts/:accountId/portouts';
  return [
    { method: 'GET', path, root: listRoot, list: true, answer: list },
    { method: 'GET', path: `${path}/:orderId`, root, answer: read },
  ];
}
