import type { AccountState } from '../account.js';
import { type Answer, xml } from '../answer.js';
import { writeDate } from '../dates.js';
import { keyOf } from '../number-key.js';
import { listsHours, type NumberOrder } from '../orders/build.js';
import { existingNumbers } from '../orders/order-attributes.js';
import { dayRangeOf, known, sizeOf } from '../parameters.js';
import { accountOf, type Call, type Route } from '../route.js';
import { line, xmlDeclaration } from '../xml.js';
import { numberSummary } from './number-summary.js';
import { listedDate, listedId, orderLinks, orderOf, orderPage, twoYears } from './order-page.js';
import { trailRoutes } from './order-trails.js';

const kind = 'orders';
const listRoot = 'ResponseSelectWrapper';
const root = 'OrderResponse';
const filterNames = ['status', 'customerOrderId', 'userid', 'startdate', 'enddate'] as const;
const hourForm = 3;

function listOf(call: Call) {
  return accountOf(call).orderBook.open().lists.orders;
}

/**
 * New-number orders, newest first. `startdate` and `enddate` (yy-MM-dd, also separately) filter by order date (the
 * reference doesn't say, so the sandbox defines this). `customerOrderId` also lifts the two-year limit; `status` and
 * `userid` don't. Without matches the response is 404, like that of the orders of a site in the reference.
 */
function list(call: Call): Answer {
  const { query, state } = call;
  const account = accountOf(call);
  const size = sizeOf(call, { root: listRoot, defaultSize: 300, maxSize: 1000 });
  const days = dayRangeOf(query, { root: listRoot, form: 'yy-MM-dd', together: false });
  const earliest = query.customerOrderId === undefined ? state.clock.now().getTime() - twoYears : 0;
  const { from, before } = days ?? { from: earliest, before: Number.POSITIVE_INFINITY };
  const page = orderPage({
    call,
    kind,
    root: listRoot,
    list: listOf(call),
    size,
    filter: ({ orderDate, status, customerOrderId, userId }: NumberOrder) =>
      orderDate.getTime() >= from &&
      orderDate.getTime() < before &&
      (query.status === undefined || status === query.status.toUpperCase()) &&
      (query.customerOrderId === undefined || customerOrderId === query.customerOrderId) &&
      (query.userid === undefined || userId === query.userid),
  });
  const links = (indent: string) =>
    orderLinks(call, {
      address: `https://api.inetwork.com:443/v1.0/accounts/${account.id}/orders`,
      query: known(query, filterNames),
      size,
      next: page.next,
      indent,
    });
  if (page.total === 0) {
    return xml(`${xmlDeclaration}${links('')}`, 404);
  }
  return xml(`<?xml version="1.0"?>
<ResponseSelectWrapper>
    <ListOrderIdUserIdDate>
        <TotalCount>${page.total}</TotalCount>
${links('        ')}${page.orders.map((order) => itemXml(account, order)).join('')}    </ListOrderIdUserIdDate>
</ResponseSelectWrapper>
`);
}

function itemXml(account: AccountState, order: NumberOrder): string {
  const date = (time: Date) => (listsHours(order) ? writeDate(hourForm, time.getTime()) : time.toISOString());
  const modified = listedDate(account, { kind, order, text: date(order.lastModifiedDate) });
  const { attributes } = account.orderBook.open();
  const i = '            ';
  return `        <OrderIdUserIdDate>
${line(i, 'CountOfTNs', order.countOfTns)}${line(i, 'lastModifiedDate', modified)}${line(i, 'OrderType', order.orderType)}${line(
  i,
  'OrderDate',
  date(order.orderDate),
)}${line(i, 'orderId', listedId(account, kind, order))}${line(i, 'OrderStatus', order.status)}${numberSummary(
  completed(order).map((number) => attributes(keyOf(number) as number)),
)}${line(i, 'userId', order.userId)}        </OrderIdUserIdDate>
`;
}

function completed({ numbers }: NumberOrder): string[] {
  return numbers.flatMap(({ telephoneNumber, outcome }) => (outcome === 'COMPLETED' ? [telephoneNumber] : []));
}

/**
 * One order. The details repeat the request, so for an order of existing numbers they also name the failed ones: only
 * the numbers in `CompletedNumbers` were delivered.
 */
function read(call: Call): Answer {
  const { misbehavior } = accountOf(call);
  const order = orderOf(call, { kind, list: listOf(call), root });
  const numbers = misbehavior.numbersOf(kind, order, completed(order));
  const failed = order.numbers.filter(({ outcome }) => outcome === 'FAILED');
  const errors = failed.map(
    ({ telephoneNumber }) => `        <Error>
            <Code>5005</Code>
            <Description>The telephone number is unavailable for ordering</Description>
            <TelephoneNumber>${telephoneNumber}</TelephoneNumber>
        </Error>
`,
  );
  const completedXml = numbers.map(
    (number) => `        <TelephoneNumber>
            <FullNumber>${number}</FullNumber>
        </TelephoneNumber>
`,
  );
  const i = '        ';
  return xml(`${xmlDeclaration}<OrderResponse>
    <CompletedQuantity>${order.countOfTns}</CompletedQuantity>
${line('    ', 'CreatedByUser', order.userId)}${
  errors.length === 0 ? '' : `    <ErrorList>\n${errors.join('')}    </ErrorList>\n`
}    <LastModifiedDate>${order.lastModifiedDate.toISOString()}</LastModifiedDate>
${line('    ', 'OrderCompleteDate', order.completedDate?.toISOString())}    <Order>
${line(i, 'CustomerOrderId', order.customerOrderId)}${line(i, 'id', misbehavior.idOf(kind, order))}${line(
  i,
  'Name',
  order.name,
)}${line(i, 'OrderCreateDate', order.orderDate.toISOString())}${line(i, 'PeerId', order.peerId)}${line(
  i,
  'BackOrderRequested',
  order.backOrderRequested,
)}${searchXml(order)}${line(i, 'PartialAllowed', order.partialAllowed)}${line(i, 'SiteId', order.siteId)}    </Order>
    <OrderStatus>${order.status}</OrderStatus>
${completedXml.length === 0 ? '' : `    <CompletedNumbers>\n${completedXml.join('')}    </CompletedNumbers>\n`}    <FailedQuantity>${order.failedQuantity}</FailedQuantity>
</OrderResponse>
`);
}

function searchXml({ search, quantity, numbers }: NumberOrder): string {
  const i = '            ';
  const inner =
    search.type === existingNumbers
      ? `${i}<TelephoneNumberList>\n${numbers
          .map(({ telephoneNumber }) => line(`${i}    `, 'TelephoneNumber', telephoneNumber))
          .join('')}${i}</TelephoneNumberList>\n`
      : Object.entries(search.criteria)
          .map(([name, text]) => line(i, name, text))
          .join('') + line(i, 'Quantity', quantity);
  return `        <${search.type}>\n${inner}        </${search.type}>\n`;
}

function readNumbers(call: Call): Answer {
  const { misbehavior } = accountOf(call);
  const order = orderOf(call, { kind, list: listOf(call), root });
  const numbers = misbehavior.numbersOf(kind, order, completed(order));
  return xml(`<TelephoneNumbers>
    <Count>${numbers.length}</Count>
${numbers.map((number) => line('    ', 'TelephoneNumber', number)).join('')}</TelephoneNumbers>
`);
}

export function orderRoutes(): Route[] {
  const path = '/accounts/:accountId/orders';
  return [
    { method: 'GET', path, root: listRoot, list: true, dayForm: 'yy-MM-dd', answer: list },
    { method: 'GET', path: `${path}/:orderId`, root, answer: read },
    ...trailRoutes({ kind, root, list: listOf }),
    { method: 'GET', path: `${path}/:orderId/tns`, root, answer: readNumbers },
  ];
}
