import type { AccountState } from '../account.js';
import { type Answer, badRequest, empty, xml } from '../answer.js';
import { hashText } from '../hash.js';
import { canonical } from '../number-key.js';
import type { SandboxExternalOrder, SandboxImportOrder, SandboxRemoval } from '../orders/order-types.js';
import { dayOf } from '../parameters.js';
import { accountOf, type Call, type Route } from '../route.js';
import { escapeXml, line, xmlDeclaration } from '../xml.js';
import { listedDate, listedId, orderOf, twoYears } from './order-page.js';

type Kind = 'importTnOrders' | 'removeImportedTnOrders' | 'externalTns';
type Order = SandboxImportOrder | SandboxRemoval | SandboxExternalOrder;

const shapes = {
  importTnOrders: { listRoot: 'ImportTnOrders', root: 'ImportTnOrder' },
  removeImportedTnOrders: { listRoot: 'RemoveImportedTnOrders', root: 'RemoveImportedTnOrder' },
  externalTns: { listRoot: 'ExternalTnsOrders', root: 'ExternalTnsOrder' },
} as const;
const maxOrders = 1000;
const day = 86_400_000;
const saltErrors = 231;

function listOf(call: Call, kind: Kind) {
  return accountOf(call).orderBook.open().lists[kind];
}

/**
 * Orders that import or remove numbers, newest first, at most 1000, without paging; `TotalCount` counts all matches.
 * The list of external number orders has whole orders, as in the reference's example.
 * The reference names no filters, so these are from the OpenAPI description; date ranges are inclusive. Without a date,
 * ID or number filter the list covers two years.
 */
function list(call: Call, kind: Kind): Answer {
  const { state } = call;
  const { listRoot, root } = shapes[kind];
  const account = accountOf(call);
  const filter = filterOf(call.query, kind, state.clock.now().getTime());
  const matching = (listOf(call, kind).all as readonly Order[]).filter(filter);
  const orders = call.applyShortList(matching.slice(0, maxOrders));
  const listed = account.misbehavior.repeats(kind) ? [...orders, ...orders.slice(-1)] : orders;
  const summary = `${root}Summary`;
  if (matching.length === 0 && kind === 'externalTns' && state.oddities['empty-features-404']) return empty(404);
  const items = listed.map((order) => {
    if (kind === 'externalTns') return orderXml(account, kind, order, listedId(account, kind, order));
    const item = `<${summary}>\n${itemXml(account, kind, order)}</${summary}>\n`;
    return state.oddities['nested-summaries'] ? `<${summary}>\n${item}</${summary}>\n` : item;
  });
  return xml(`${xmlDeclaration}<${listRoot}>
    <TotalCount>${matching.length}</TotalCount>
${items.join('')}</${listRoot}>
`);
}

function filterOf(query: Record<string, string>, kind: Kind, now: number): (order: Order) => boolean {
  const { listRoot: root } = shapes[kind];
  const at = (name: string) => dayOf(query, { root, name, form: 'yyyy-MM-dd' });
  const from = [at('modifiedDateFrom'), at('createdDateFrom')];
  const to = [at('modifiedDateTo'), at('createdDateTo')];
  const { status, customerOrderId, tn, loaType } = query;
  const action = kind === 'externalTns' ? query.action : undefined;
  if (loaType !== undefined && loaType !== 'CARRIER' && loaType !== 'SUBSCRIBER') {
    throw badRequest(root, `The loaType '${loaType}' is invalid. Valid values CARRIER, SUBSCRIBER`);
  }
  const specific = [customerOrderId, tn, ...from, ...to].some((given) => given !== undefined);
  const earliest = specific ? Number.NEGATIVE_INFINITY : now - twoYears;
  return (order) =>
    order.orderDate.getTime() >= earliest &&
    [order.lastModifiedDate, order.orderDate].every(
      (date, n) =>
        date.getTime() >= (from[n] ?? Number.NEGATIVE_INFINITY) &&
        date.getTime() < (to[n] ?? Number.POSITIVE_INFINITY) + day,
    ) &&
    (status === undefined || order.status === status.toUpperCase()) &&
    (loaType === undefined || ('loaType' in order && order.loaType === loaType)) &&
    (action === undefined || ('action' in order && order.action === action)) &&
    (customerOrderId === undefined || order.customerOrderId === customerOrderId) &&
    (tn === undefined || order.numbers.some(({ telephoneNumber }) => telephoneNumber === canonical(tn)));
}

function itemXml(account: AccountState, kind: Kind, order: Order): string {
  const i = '        ';
  return [
    line(i, 'accountId', account.id),
    line(i, 'CountOfTNs', order.numbers.length),
    line(i, 'CustomerOrderId', order.customerOrderId),
    line(i, 'userId', order.userId),
    line(i, 'lastModifiedDate', listedDate(account, { kind, order, text: order.lastModifiedDate.toISOString() })),
    line(i, 'OrderDate', order.orderDate.toISOString()),
    line(i, 'OrderType', 'orderType' in order ? order.orderType : undefined),
    line(i, 'OrderStatus', order.status),
    line(i, 'OrderId', listedId(account, kind, order)),
  ].join('');
}

/** One order. An import includes the name and address of the subscriber, which its errors repeat. */
function read(call: Call, kind: Kind): Answer {
  const { root } = shapes[kind];
  const account = accountOf(call);
  const order = orderOf<Order>(call, { kind, list: listOf(call, kind) as never, root });
  return xml(`${xmlDeclaration}${orderXml(account, kind, order, account.misbehavior.idOf(kind, order))}`);
}

/** In every second order, failed numbers appear only under `Errors`, as in the reference example. */
function orderXml(account: AccountState, kind: Kind, order: Order, id: string | undefined): string {
  const { root } = shapes[kind];
  const { misbehavior } = account;
  const named = misbehavior.numbersOf(
    kind,
    order,
    order.numbers.map(({ telephoneNumber }) => telephoneNumber),
  );
  const failed = named.filter((_, n) => order.numbers[n]?.outcome === 'FAILED');
  const apart = hashText(saltErrors, order.orderId) % 2 === 0;
  const numbersXml = (indent: string, numbers: readonly string[]) =>
    `${indent}<TelephoneNumbers>\n${numbers.map((number) => line(`${indent}    `, 'TelephoneNumber', number)).join('')}${indent}</TelephoneNumbers>\n`;
  const error = order.numbers.find(({ outcome }) => outcome === 'FAILED');
  const quoted = 'personal' in order ? ` (${order.personal.businessName})` : '';
  const errors =
    error === undefined
      ? '    <Errors/>\n'
      : `    <Errors>
        <Error>
            <Code>${error.errorCode}</Code>
            <Description>${escapeXml(`${error.errorDescription}${quoted}`)}</Description>
${numbersXml('            ', failed)}        </Error>
    </Errors>
`;
  const i = '    ';
  const lastModified = listedDate(account, { kind, order, text: order.lastModifiedDate.toISOString() });
  return `<${root}>
${line(i, 'CustomerOrderId', order.customerOrderId)}${line(i, 'OrderCreateDate', order.orderDate.toISOString())}${line(
  i,
  'AccountId',
  account.id,
)}${line(i, 'CreatedByUser', order.userId)}${line(i, 'OrderId', id)}${line(
  i,
  'LastModifiedDate',
  kind === 'externalTns' ? lastModified : order.lastModifiedDate.toISOString(),
)}${'personal' in order ? subscriberXml(order) : ''}${'action' in order ? externalXml(order) : ''}${numbersXml(
  i,
  named.filter((number) => !apart || !failed.includes(number)),
)}${line(i, 'ProcessingStatus', order.status)}${errors}</${root}>
`;
}

function externalXml({ siteId, sipPeerId, action, loaType }: SandboxExternalOrder): string {
  const i = '    ';
  return [
    line(i, 'SiteId', siteId),
    line(i, 'SipPeerId', sipPeerId),
    line(i, 'Action', action),
    line(i, 'LoaType', loaType),
  ].join('');
}

function subscriberXml({ siteId, sipPeerId, loaType, personal }: SandboxImportOrder): string {
  const i = '    ';
  const deep = '            ';
  return `${line(i, 'SiteId', siteId)}${line(i, 'SipPeerId', sipPeerId)}    <Subscriber>
${line('        ', 'Name', personal.businessName)}        <ServiceAddress>
${line(deep, 'HouseNumber', personal.houseNumber)}${line(deep, 'StreetName', personal.streetName)}            <City>Denver</City>
            <StateCode>CO</StateCode>
            <Zip>27541</Zip>
            <County>Canyon</County>
        </ServiceAddress>
    </Subscriber>
${line(i, 'LoaAuthorizingPerson', personal.loaAuthorizingPerson)}${line(i, 'LoaType', loaType)}`;
}

export function importRoutes(): Route[] {
  return (['importTnOrders', 'removeImportedTnOrders', 'externalTns'] as const).flatMap((kind): Route[] => {
    const path = `/accounts/:accountId/${kind}`;
    const { listRoot, root } = shapes[kind];
    return [
      { method: 'GET', path, root: listRoot, list: true, answer: (call) => list(call, kind) },
      { method: 'GET', path: `${path}/:orderId`, root, answer: (call) => read(call, kind) },
    ];
  });
}
