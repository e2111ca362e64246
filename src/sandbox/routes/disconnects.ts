import type { AccountState } from '../account.js';
import { type Answer, xml } from '../answer.js';
import { writeDate } from '../dates.js';
import { keyOf } from '../number-key.js';
import type { SandboxDisconnect } from '../orders/order-types.js';
import { dayRangeOf, known, sizeOf } from '../parameters.js';
import { accountOf, type Call, type Route } from '../route.js';
import { escapeXml, line, xmlDeclaration } from '../xml.js';
import { numberSummary } from './number-summary.js';
import { listedDate, listedId, orderLinks, orderOf, orderPage, twoYears } from './order-page.js';
import { trailRoutes } from './order-trails.js';

const kind = 'disconnects';
const listRoot = 'ResponseSelectWrapper';
const root = 'DisconnectTelephoneNumberOrderResponse';
const filterNames = ['status', 'userid', 'startdate', 'enddate'] as const;
const dashes = 1;
const dashesAndMilliseconds = 2;

function listOf(call: Call) {
  return accountOf(call).orderBook.open().lists.disconnects;
}

/**
 * Disconnect orders, newest first. `startdate` and `enddate` are required together, as yy-MM-dd or yyyy-MM-dd (the
 * reference shows no format), and filter by order date (the sandbox defines this). Without matches: 404 with `Links`,
 * as in the reference.
 */
function list(call: Call): Answer {
  const { query, state } = call;
  const account = accountOf(call);
  const size = sizeOf(call, { root: listRoot, defaultSize: 300, maxSize: 5000 });
  const days = dayRangeOf(query, { root: listRoot, form: 'either', together: true });
  const { from, before } = days ?? { from: state.clock.now().getTime() - twoYears, before: Number.POSITIVE_INFINITY };
  const page = orderPage({
    call,
    kind,
    root: listRoot,
    list: listOf(call),
    size,
    filter: ({ orderDate, status, userId }: SandboxDisconnect) =>
      orderDate.getTime() >= from &&
      orderDate.getTime() < before &&
      (query.status === undefined || status === query.status.toUpperCase()) &&
      (query.userid === undefined || userId === query.userid),
  });
  const links = (indent: string) =>
    orderLinks(call, {
      address: `http://localhost:8080/iris/accounts/${account.id}/disconnects`,
      query: known(query, filterNames),
      size,
      next: page.next,
      indent,
    });
  if (page.total === 0) {
    return xml(`${xmlDeclaration}${links('')}`, 404);
  }
  return xml(`${xmlDeclaration}<ResponseSelectWrapper>
    <ListOrderIdUserIdDate>
        <TotalCount>${page.total}</TotalCount>
${links('        ')}${page.orders.map((order) => itemXml(account, order)).join('')}    </ListOrderIdUserIdDate>
</ResponseSelectWrapper>
`);
}

function itemXml(account: AccountState, order: SandboxDisconnect): string {
  const text = writeDate(dashes, order.lastModifiedDate.getTime());
  const { attributes } = account.orderBook.open();
  const keys = order.numbers.flatMap(({ telephoneNumber, outcome }) => {
    const key = outcome === 'DISCONNECTED' ? keyOf(telephoneNumber) : undefined;
    return key === undefined ? [] : [key];
  });
  const i = '            ';
  return `        <OrderIdUserIdDate>
${line(i, 'CountOfTNs', order.countOfTns)}${line(i, 'userId', order.userId)}${line(
  i,
  'lastModifiedDate',
  listedDate(account, { kind, order, text }),
)}${line(i, 'OrderId', listedId(account, kind, order))}${line(i, 'OrderType', order.orderType)}${line(
  i,
  'OrderDate',
  writeDate(dashesAndMilliseconds, order.orderDate.getTime()),
)}${line(i, 'OrderStatus', order.status)}${numberSummary(keys.map((key) => attributes(key)))}        </OrderIdUserIdDate>
`;
}

/** One order: the disconnected numbers, the failed ones under `ErrorList`, and the request with all of them. */
function read(call: Call): Answer {
  const { misbehavior } = accountOf(call);
  const order = orderOf(call, { kind, list: listOf(call), root });
  const named = misbehavior.numbersOf(
    kind,
    order,
    order.numbers.map(({ telephoneNumber }) => telephoneNumber),
  );
  const numbers = order.numbers.map((number, n) => ({ ...number, telephoneNumber: named[n] ?? '' }));
  const gone = numbers.filter(({ outcome }) => outcome === 'DISCONNECTED');
  const failed = numbers.filter(({ outcome }) => outcome === 'FAILED');
  const listXml = (indent: string, list: readonly { telephoneNumber: string }[]) =>
    list.map(({ telephoneNumber }) => line(indent, 'TelephoneNumber', telephoneNumber)).join('');
  const errors =
    failed.length === 0
      ? ''
      : `    <ErrorList>
        <Error>
            <Code>${failed[0]?.errorCode}</Code>
            <Description>${escapeXml(failed[0]?.errorDescription ?? '')}</Description>
            <TelephoneNumbers>
${listXml('                ', failed)}            </TelephoneNumbers>
        </Error>
    </ErrorList>
`;
  const i = '        ';
  return xml(`${xmlDeclaration}<DisconnectTelephoneNumberOrderResponse>
${errors}${
  gone.length === 0
    ? ''
    : `    <DisconnectedTelephoneNumberList>\n${listXml(i, gone)}    </DisconnectedTelephoneNumberList>\n`
}    <orderRequest>
${line(i, 'CustomerOrderId', order.customerOrderId)}${line(i, 'id', misbehavior.idOf(kind, order))}${line(
  i,
  'name',
  order.name,
)}${line(i, 'OrderCreateDate', order.orderDate.toISOString())}        <DisconnectTelephoneNumberOrderType>
            <TelephoneNumberList>
${listXml('                ', numbers)}            </TelephoneNumberList>
            <DisconnectMode>${order.disconnectMode}</DisconnectMode>
            <Protected>${order.protected}</Protected>
        </DisconnectTelephoneNumberOrderType>
    </orderRequest>
    <OrderStatus>${order.status}</OrderStatus>
</DisconnectTelephoneNumberOrderResponse>
`);
}

export function disconnectRoutes(): Route[] {
  const path = '/accounts/:accountId/disconnects';
  return [
    { method: 'GET', path, root: listRoot, list: true, dayForm: 'yy-MM-dd', answer: list },
    { method: 'GET', path: `${path}/:orderId`, root, answer: read },
    ...trailRoutes({ kind, root, list: listOf }),
  ];
}
