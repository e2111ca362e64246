import { type Answer, xml } from '../answer.js';
import { writeDate } from '../dates.js';
import { hashText } from '../hash.js';
import { canonical, keyOf } from '../number-key.js';
import { createOrderList, type OrderList } from '../orders/order-list.js';
import type { SandboxPortIn, SandboxPortOut } from '../orders/order-types.js';
import { dayOf, dayRangeOf, known, sizeOf } from '../parameters.js';
import { accountOf, type Call, type Route } from '../route.js';
import { line } from '../xml.js';
import { listedDate, listedId, orderLinks, orderOf, orderPage, twoYears } from './order-page.js';
import { trailRoutes } from './order-trails.js';
import { portOutItemXml, portOutsInPortIns } from './portouts.js';

const kind = 'portins';
const listRoot = 'LNPResponseWrapper';
const root = 'LnpOrderResponse';
const filterNames = ['status', 'customerOrderId', 'tn', 'orderTn', 'pon', 'date', 'startdate', 'enddate'] as const;
const day = 86_400_000;
const saltForm = 201;
const seconds = 0;
const withTenths = 4;
const withSpace = 5;
const withOffset = 6;

function listOf(call: Call) {
  return accountOf(call).orderBook.open().lists.portins;
}

/** Whether the oddity `internal-ports` makes it a move within Bandwidth. */
function isInternal(call: Call, order: SandboxPortIn): boolean {
  const count = call.state.oddities['internal-ports'] ?? 0;
  if (count === 0 || order.status !== 'COMPLETE') {
    return false;
  }
  const complete = listOf(call).all.filter(({ status }) => status === 'COMPLETE');
  return complete.slice(0, count).includes(order);
}

/** The orders in the list: port-ins, and port-outs if the oddity `portouts-in-portins` adds them. */
function listedOrders(call: Call): OrderList<SandboxPortIn | SandboxPortOut> {
  const portOuts = portOutsInPortIns(call);
  const own: OrderList<SandboxPortIn | SandboxPortOut> = listOf(call) as never;
  return portOuts.length === 0 ? own : createOrderList([...own.all, ...portOuts]);
}

/**
 * The filter of a request. `startdate` and `enddate` filter by last change, as does `date`, a single day. IDs and
 * numbers lift the two-year limit. Drafts are listed only with `status=draft`. `tn` matches a ported number, `orderTn`
 * the billing number. Where the reference is silent, the sandbox decides.
 */
function filterOf(call: Call): (order: SandboxPortIn | SandboxPortOut) => boolean {
  const { query, state } = call;
  const days = dayRangeOf(query, { root: listRoot, form: 'yyyy-MM-dd', together: true });
  const date = dayOf(query, { root: listRoot, name: 'date', form: 'yyyy-MM-dd' });
  const specific = [query.customerOrderId, query.tn, query.orderTn, query.pon].some((given) => given !== undefined);
  const earliest = specific ? Number.NEGATIVE_INFINITY : state.clock.now().getTime() - twoYears;
  const { from, before } =
    days ??
    (date === undefined ? { from: earliest, before: Number.POSITIVE_INFINITY } : { from: date, before: date + day });
  const status = query.status?.toUpperCase();
  return (order) =>
    order.lastModifiedDate.getTime() >= from &&
    order.lastModifiedDate.getTime() < before &&
    (status === undefined ? order.status !== 'DRAFT' : order.status === status) &&
    (query.customerOrderId === undefined || order.customerOrderId === query.customerOrderId) &&
    (query.tn === undefined || numbersOf(order).includes(canonical(query.tn))) &&
    (query.orderTn === undefined ||
      ('numbers' in order && order.billingTelephoneNumber === canonical(query.orderTn))) &&
    (query.pon === undefined || order.pon === query.pon);
}

function numbersOf(order: SandboxPortIn | SandboxPortOut): readonly string[] {
  return 'numbers' in order ? order.numbers : [order.telephoneNumber];
}

/** Port-ins, newest first. Without matches the list is empty, with 200: the reference shows no other response. */
function list(call: Call): Answer {
  const { query } = call;
  const account = accountOf(call);
  const size = sizeOf(call, { root: listRoot, defaultSize: 300, maxSize: 1000 });
  const page = orderPage({ call, kind, root: listRoot, list: listedOrders(call), size, filter: filterOf(call) });
  const links = orderLinks(call, {
    address: `https://dashboard.bandwidth.com:443/v1.0/accounts/${account.id}/portins`,
    query: known(query, filterNames),
    size,
    next: page.next,
  });
  return xml(`<LNPResponseWrapper>
    <TotalCount>${page.total}</TotalCount>
${links}${page.orders.map((order) => ('numbers' in order ? itemXml(call, order) : portOutItemXml(account, order))).join('')}</LNPResponseWrapper>
`);
}

function itemXml(call: Call, order: SandboxPortIn): string {
  const account = accountOf(call);
  const i = '        ';
  const internal = isInternal(call, order);
  const modified = listedDate(account, { kind, order, text: order.lastModifiedDate.toISOString() });
  return `    <lnpPortInfoForGivenStatus>
${line(i, 'CountOfTNs', order.countOfTns)}${line(i, 'userId', order.userId)}${line(
  i,
  'OrderId',
  listedId(account, kind, order),
)}${line(i, 'OrderType', order.orderType)}${line(i, 'BillingTelephoneNumber', order.billingTelephoneNumber)}${line(
  i,
  'lastModifiedDate',
  modified,
)}${line(i, 'LNPLosingCarrierId', order.losingCarrierId)}${line(
  i,
  'LNPLosingCarrierName',
  order.losingCarrierName,
)}${line(i, 'OrderDate', order.orderDate.toISOString())}${line(i, 'ProcessingStatus', order.status)}${line(
  i,
  'RequestedFOCDate',
  listedFocDate(order),
)}${line(i, 'VendorId', order.vendorId)}${line(i, 'VendorName', order.vendorName)}${internal ? internalXml(i) : ''}    </lnpPortInfoForGivenStatus>
`;
}

function internalXml(indent: string): string {
  return `${line(indent, 'PortType', 'INTERNAL')}${line(indent, 'Internal', 'true')}`;
}

/** The requested FOC date in the list, sometimes with a space before the time and without fractions of a second. */
function listedFocDate({ orderId, requestedFocDate }: SandboxPortIn): string {
  const forms = [withTenths, withSpace];
  const form = forms[hashText(saltForm, orderId) % 8];
  return form === undefined ? requestedFocDate.toISOString() : writeDate(form, requestedFocDate.getTime());
}

function totals(call: Call): Answer {
  const count = listedOrders(call).all.filter(filterOf(call)).length;
  return xml(`<Quantity>\n    <Count>${count}</Count>\n</Quantity>\n`);
}

/**
 * One port-in, including the name and address of the subscriber, and the account number and PIN at the losing carrier.
 */
function read(call: Call): Answer {
  const account = accountOf(call);
  const order = orderOf(call, { kind, list: listOf(call), root });
  const { personal } = order;
  const numbers = account.misbehavior.numbersOf(kind, order, order.numbers);
  const errors = order.errors.map(
    ({ code, description, telephoneNumbers }) => `    <Errors>
${line('        ', 'Code', code)}${line('        ', 'Description', description)}        <TelephoneNumbers>
${telephoneNumbers.map((number) => line('            ', 'Tn', number)).join('')}        </TelephoneNumbers>
    </Errors>
`,
  );
  const key = keyOf(order.billingTelephoneNumber);
  const place = key === undefined ? undefined : account.orderBook.open().attributes(key);
  const form = hashText(saltForm, `${order.orderId} read`) % 6 === 0 ? withOffset : seconds;
  const i = '    ';
  const deep = '            ';
  return xml(`<LnpOrderResponse>
${errors.join('')}${line(i, 'ProcessingStatus', order.status)}${line(
  i,
  'RequestedFocDate',
  writeDate(form, order.requestedFocDate.getTime()),
)}${line(
  i,
  'ActualFocDate',
  order.actualFocDate === undefined ? undefined : writeDate(seconds, order.actualFocDate.getTime()),
)}${line(i, 'PON', order.pon)}${line(i, 'CustomerOrderId', order.customerOrderId)}${line(
  i,
  'LoaAuthorizingPerson',
  personal.loaAuthorizingPerson,
)}    <Subscriber>
        <SubscriberType>${order.subscriberType}</SubscriberType>
${line('        ', 'BusinessName', personal.businessName)}        <FirstName>${personal.firstName}</FirstName>
        <LastName>${personal.lastName}</LastName>
        <ServiceAddress>
${line(deep, 'HouseNumber', personal.houseNumber)}${line(deep, 'StreetName', personal.streetName)}${line(
  deep,
  'City',
  place?.city ?? 'RALEIGH',
)}${line(deep, 'StateCode', place?.state ?? 'NC')}            <Zip>27541</Zip>
            <Country>United States</Country>
            <AddressType>Service</AddressType>
        </ServiceAddress>
    </Subscriber>
    <WirelessInfo>
        <AccountNumber>${personal.accountNumber}</AccountNumber>
        <PinNumber>${personal.pinNumber}</PinNumber>
    </WirelessInfo>
    <TnAttributes>
        <TnAttribute>Protected</TnAttribute>
    </TnAttributes>
${line(i, 'BillingTelephoneNumber', order.billingTelephoneNumber)}    <ListOfPhoneNumbers>
${numbers.map((number) => line('        ', 'PhoneNumber', number)).join('')}    </ListOfPhoneNumbers>
${line(i, 'AccountId', account.id)}${line(i, 'SiteId', order.siteId)}${line(i, 'PeerId', order.peerId)}${line(
  i,
  'LosingCarrierName',
  order.losingCarrierName,
)}${line(i, 'LosingCarrierSPID', order.losingCarrierId)}${line(
  i,
  'LosingCarrierIsWireless',
  order.losingCarrierIsWireless,
)}${line(i, 'VendorName', order.vendorName)}${line(i, 'OrderCreateDate', order.orderDate.toISOString())}${line(
  i,
  'LastModifiedDate',
  order.lastModifiedDate.toISOString(),
)}${line(i, 'userId', order.userId)}${line(i, 'LastModifiedBy', order.userId)}${line(
  i,
  'PartialPort',
  order.partialPort,
)}${line(i, 'Triggered', order.triggered)}${isInternal(call, order) ? internalXml(i) : line(i, 'PortType', order.portType)}</LnpOrderResponse>
`);
}

function readNumbers(call: Call): Answer {
  const order = orderOf(call, { kind, list: listOf(call), root });
  const numbers = accountOf(call).misbehavior.numbersOf(kind, order, order.numbers);
  return xml(`<TelephoneNumbers>
    <Count>${numbers.length}</Count>
${numbers.map((number) => line('    ', 'TelephoneNumber', number)).join('')}</TelephoneNumbers>
`);
}

export function portInRoutes(): Route[] {
  const path = '/accounts/:accountId/portins';
  return [
    { method: 'GET', path, root: listRoot, list: true, answer: list },
    { method: 'GET', path: `${path}/totals`, root: listRoot, answer: totals },
    { method: 'GET', path: `${path}/:orderId`, root, answer: read },
    ...trailRoutes({ kind, root, list: listOf }),
    { method: 'GET', path: `${path}/:orderId/tns`, root, answer: readNumbers },
  ];
}
