import test, { type ExecutionContext } from 'ava';
import { toTimestamp } from '../../src/dashboard/dates.js';
import { parseListPage } from '../../src/dashboard/list-page.js';
import { type OrderAnswer, parseOrderAnswer, parseOrderPart } from '../../src/dashboard/order-answer.js';
import type { OrderDescription } from '../../src/dashboard/resource.js';
import { bulkPortins } from '../../src/dashboard/resources/bulk-portins.js';
import { dldas } from '../../src/dashboard/resources/dldas.js';
import { e911s } from '../../src/dashboard/resources/e911s.js';
import { externalTns } from '../../src/dashboard/resources/external-tns.js';
import { importTnOrders } from '../../src/dashboard/resources/import-tn-orders.js';
import { lidbs } from '../../src/dashboard/resources/lidbs.js';
import { lsrorders } from '../../src/dashboard/resources/lsrorders.js';
import { removeImportedTnOrders } from '../../src/dashboard/resources/remove-imported-tn-orders.js';
import { tnoptions } from '../../src/dashboard/resources/tnoptions.js';
import { parseXml, type XmlValue } from '../../src/dashboard/xml.js';
import { noListedOrders } from '../../src/sync/listed-orders.js';
import { orderColumns, toDetailRows } from '../../src/sync/order-detail-row.js';
import { numbersOf } from '../../src/sync/order-numbers.js';
import { collectWarnings } from '../../src/sync/value-warnings.js';
import { orderListings } from '../../src/sync/windows/order-listing.js';

// Payloads with the shapes of all examples in Bandwidth's API reference. Each is read, and then every text in it is
// searched for in what is stored: only personal data, and what the row has anyway, may be missing.

/** Elements that are never stored, with everything in them. */
const personal =
  /\.(?:Address|AdditionalAddresses|ListingName|ServiceAddress|CallerName|Identifier|CallbackNumber|LocationId|RewriteUser|CallForward|FinalDestinationURI|AuthorizingPerson|LoaAuthorizingPerson|AccountNumber|PinNumber|BusinessName|Name|SubscriberInformation|FirstName|LastName)(?:\.|$)/;
/** Of the list, or in every row. */
const elsewhere = /\.(?:TotalCount|Links\.first|accountId|AccountId)$/;

interface Leaf {
  path: string;
  text: string;
}

function leavesOf(value: XmlValue, path = ''): Leaf[] {
  if (typeof value === 'string') return value === '' ? [] : [{ path, text: value }];
  if (Array.isArray(value)) return value.flatMap((each) => leavesOf(each, path));
  return Object.entries(value).flatMap(([name, child]) => leavesOf(child, `${path}.${name}`));
}

/** Asserts that the stored rows have every text of a payload, except for personal data. */
function assertNothingLost(t: ExecutionContext, xml: string, stored: unknown): void {
  const texts = leavesOf(JSON.parse(JSON.stringify(stored, unpacked)) as XmlValue).map(({ text }) => text);
  const kept = new Set(texts.flatMap((text) => [text, toTimestamp(text) ?? text]));
  const leaves = leavesOf(parseXml(xml)).filter(({ path }) => !elsewhere.test(path));
  t.true(leaves.length > 3);
  const lost = leaves.filter(({ text }) => !kept.has(text) && !kept.has(toTimestamp(text) ?? ''));
  t.deepEqual(
    lost.filter(({ path }) => !personal.test(path)),
    [],
    'lost',
  );
  const people = leaves.filter(({ path }) => personal.test(path));
  for (const { path, text } of people) t.false(JSON.stringify(stored).includes(text), `${path} is stored`);
}

/** A column with JSON as an object, and every other value as text. */
function unpacked(_name: string, value: unknown): unknown {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'string' || !/^[[{]/.test(value)) return value ?? '';
  return value.startsWith('{"') || value.startsWith('[') ? JSON.parse(value) : value;
}

/** What reading a list stages; the rows of orders whose numbers are elsewhere too. */
function readList(description: OrderDescription, xml: string) {
  const listed = noListedOrders();
  const warnings = collectWarnings();
  const [listing] = orderListings(description, listed);
  const { items } = parseListPage(xml, description.list);
  const rows = items.map((item) => {
    const row = listing?.toRow(item, warnings, '1') ?? [];
    return Object.fromEntries((listing?.columns ?? []).map(({ name }, n) => [name, row[n]]));
  });
  const orders = [...listed.answers].map(([orderId, answer]) => detailsOf(description, orderId, answer, []));
  return { rows, orders, warnings: warnings.sentences() };
}

function detailsOf(
  { details }: OrderDescription,
  orderId: string,
  answer: OrderAnswer,
  more: readonly string[] | undefined,
) {
  const warnings = collectWarnings();
  const reported = numbersOf(details, answer, { orderId, status: null, listedCount: null }, more);
  const { order, numbers } = toDetailRows(details, orderId, answer, reported, warnings);
  const row = Object.fromEntries(orderColumns(details).map(({ name }, n) => [name, order[n]]));
  return { row, numbers, warnings: warnings.sentences() };
}

function readById(description: OrderDescription, orderId: string, xml: string) {
  return detailsOf(description, orderId, parseOrderAnswer(xml, description.details, orderId), []);
}

const address = `<Address><HouseNumber>Pii11</HouseNumber><HouseSuffix></HouseSuffix><StreetName>Pii Elm</StreetName>
  <StreetSuffix>PiiAve</StreetSuffix><City>PiiCity</City><StateCode>PiiNC</StateCode><Zip>Pii276</Zip><PlusFour/>
  <Country>Pii United States</Country></Address>`;
const subscriber = `<Subscriber><SubscriberType>BUSINESS</SubscriberType><BusinessName>Pii Corp</BusinessName>
  <AccountNumber>Pii123</AccountNumber><PinNumber>Pii12</PinNumber>
  <ServiceAddress><HouseNumber>Pii22</HouseNumber><City>PiiTown</City></ServiceAddress></Subscriber>`;
const dates = (created: string, modified: string) =>
  `<OrderCreateDate>${created}</OrderCreateDate><LastModifiedDate>${modified}</LastModifiedDate>`;

const summary = (item: string, id: string, more = '') => `<${item}><accountId>1</accountId><CountOfTNs>2</CountOfTNs>
  <userId>an-admin</userId><lastModifiedDate>2025-08-03T14:41:01.769Z</lastModifiedDate>
  <OrderDate>2025-08-03T14:41:00.815Z</OrderDate><OrderType>a_type</OrderType><OrderStatus>COMPLETE</OrderStatus>
  ${more}<${id}>an-id</${id}></${item}>`;

const lists: [string, OrderDescription, string][] = [
  [
    'tnoptions',
    tnoptions,
    `<TnOptionOrders><TotalCount>1</TotalCount>${summary('TnOptionOrderSummary', 'OrderId')}</TnOptionOrders>`,
  ],
  ['e911s', e911s, `<E911Orders><TotalCount>1</TotalCount>${summary('E911OrderSummary', 'OrderId')}</E911Orders>`],
  [
    'dldas',
    dldas,
    `<ResponseSelectWrapper><ListOrderIdUserIdDate><TotalCount>1</TotalCount>${summary('OrderIdUserIdDate', 'orderId')}</ListOrderIdUserIdDate></ResponseSelectWrapper>`,
  ],
  [
    'lidbs',
    lidbs,
    `<ResponseSelectWrapper><ListOrderIdUserIdDate><TotalCount>1</TotalCount>${summary('OrderIdUserIdDate', 'orderId', '<TelephoneNumberDetails/>')}</ListOrderIdUserIdDate></ResponseSelectWrapper>`,
  ],
  [
    'importTnOrders',
    importTnOrders,
    `<ImportTnOrders><TotalCount>1</TotalCount>${summary('ImportTnOrderSummary', 'OrderId')}</ImportTnOrders>`,
  ],
  [
    'removeImportedTnOrders',
    removeImportedTnOrders,
    `<RemoveImportedTnOrders><TotalCount>1</TotalCount>${summary('RemoveImportedTnOrderSummary', 'OrderId')}</RemoveImportedTnOrders>`,
  ],
  [
    'lsrorders',
    lsrorders,
    `<LsrOrders><TotalCount>2</TotalCount>${summary(
      'LsrOrderSummary',
      'OrderId',
      `<CustomerOrderId>an own id</CustomerOrderId><ActualFocDate>2025-03-25</ActualFocDate>
       <BillingTelephoneNumber>9195550100</BillingTelephoneNumber><CreatedByUser>another-user</CreatedByUser>
       <Pon>PON-1</Pon><PonVersion>3</PonVersion><RequestedFocDate>2025-11-15</RequestedFocDate>
       <Errors><Error><Code>17008</Code><Description>
           FOC date cannot fall on a holiday
       </Description></Error></Errors>`,
    )}</LsrOrders>`,
  ],
];

for (const [name, description, xml] of lists) {
  test(`a summary in the list of ${name} is staged without loss`, (t) => {
    const { rows, warnings } = readList(description, xml);
    t.is(rows.length, 1);
    t.deepEqual(warnings, []);
    assertNothingLost(t, xml, rows);
  });
}

const error = (code: string, number: string) =>
  `<Error><Code>${code}</Code><Description>Text ${code}.</Description>${number}</Error>`;
const e911 = (inside: string) => `<E911Order>${dates('2025-06-16T14:03:10.199Z', '2025-06-16T14:03:10.789Z')}
  <AccountId>1</AccountId><CreatedByUser>an-admin</CreatedByUser><OrderId>an-id</OrderId>${address}
  <CallerName>Pii Caller</CallerName><CustomerOrderId>an own id</CustomerOrderId>${inside}<OrderType>e911</OrderType></E911Order>`;
const conventional = e911(`<ProcessingStatus>PARTIAL</ProcessingStatus>
  <TelephoneNumbers><TelephoneNumber>9195550100</TelephoneNumber><TelephoneNumber>9195550101</TelephoneNumber></TelephoneNumbers>
  <ErrorList>${['8003', '8009'].map((code) => error(code, '<TelephoneNumbers><TelephoneNumber>9195550101</TelephoneNumber></TelephoneNumbers>')).join('')}</ErrorList>`);
const endpoints = e911(`<ProcessingStatus>ADJUSTED_COMPLETE</ProcessingStatus><AlternateEndUserIdentifiers>
  <AlternateEndUserIdentifier><PIDFLOEnabled>true</PIDFLOEnabled><Identifier>Piiend1</Identifier>
    <CallbackNumber>9195550188</CallbackNumber><CallerName>Pii Eli</CallerName><PreferredLanguage>en</PreferredLanguage>
    <LocationId>PiiPlace1</LocationId>${address}</AlternateEndUserIdentifier>
  <AlternateEndUserIdentifier><PIDFLOEnabled>false</PIDFLOEnabled><Identifier>Piiend2</Identifier></AlternateEndUserIdentifier>
  </AlternateEndUserIdentifiers>`);
const places = e911(`<ProcessingStatus>COMPLETE</ProcessingStatus><AdditionalAddresses>${address}</AdditionalAddresses>
  <DeleteTNSpecificE911Address>true</DeleteTNSpecificE911Address>`);

const tnOption = `<TnOptionOrder>${dates('2025-01-15T12:01:14.324Z', '2025-01-15T12:01:14.363Z')}<AccountId>1</AccountId>
  <CreatedByUser>an-admin</CreatedByUser><OrderId>an-id</OrderId><ProcessingStatus>FAILED</ProcessingStatus><TnOptionGroups>
  <TnOptionGroup><NumberFormat>10digit</NumberFormat><RPIDFormat>e164</RPIDFormat><RewriteUser>Piiuser</RewriteUser>
    <CallForward>9195550177</CallForward><CallingNameDisplay>on</CallingNameDisplay><Protected>true</Protected><Sms>on</Sms>
    <FinalDestinationURI>sip:Pii@192.0.2.4</FinalDestinationURI>
    <A2pSettings><MessageClass>M</MessageClass><CampaignId>campaign-1</CampaignId><Action>asSpecified</Action></A2pSettings>
    <TelephoneNumbers><TelephoneNumber>9195550100</TelephoneNumber></TelephoneNumbers></TnOptionGroup>
  <TnOptionGroup><CallingNameDisplay>systemdefault</CallingNameDisplay><Sms>off</Sms>
    <TelephoneNumbers><TelephoneNumber>9195550101</TelephoneNumber></TelephoneNumbers></TnOptionGroup></TnOptionGroups>
  <ErrorList>${['9195550101', '9195550100'].map((number) => error('5076', `<TelephoneNumber>${number}</TelephoneNumber>`)).join('')}</ErrorList></TnOptionOrder>`;

const dlda = `<DldaOrderResponse><DldaOrder><CustomerOrderId>an own id</CustomerOrderId>
  ${dates('2025-07-10T12:38:11.833Z', '2025-07-10T12:38:12.833Z')}<AccountId>1</AccountId><CreatedByUser>an-admin</CreatedByUser>
  <OrderId>an-id</OrderId><ErrorList>${error('16103', '<TelephoneNumber>9195550100</TelephoneNumber>')}</ErrorList>
  <ProcessingStatus>RECEIVED</ProcessingStatus><DldaTnGroups><DldaTnGroup>
  <TelephoneNumbers><TelephoneNumber>9195550100</TelephoneNumber><TelephoneNumber>9195550101</TelephoneNumber></TelephoneNumbers>
  <AccountType>BUSINESS</AccountType><ListingType>LISTED</ListingType>
  <ListingName><FirstName>PiiJoe</FirstName><LastName>PiiSmith</LastName></ListingName><ListAddress>true</ListAddress>
  ${address}</DldaTnGroup></DldaTnGroups></DldaOrder></DldaOrderResponse>`;

const lsr = `<LsrOrder><CustomerOrderId>an own id</CustomerOrderId><LastModifiedBy>System</LastModifiedBy>
  ${dates('2025-03-03T13:54:00.450Z', '2025-03-03T14:07:19.926Z')}<AccountId>1</AccountId><OrderId>an-id</OrderId>
  <CreatedByUser>an-admin</CreatedByUser><PeerId>7</PeerId><SiteId>8</SiteId><OrderStatus>FAILED</OrderStatus><SPID>123C</SPID>
  <BillingTelephoneNumber>9195550100</BillingTelephoneNumber><Pon>PON-1</Pon><PonVersion>3</PonVersion>
  <RequestedFocDate>2025-02-25 00:00:00</RequestedFocDate><AuthorizingPerson>Pii Jim</AuthorizingPerson>${subscriber}
  <ListOfTelephoneNumbers><TelephoneNumber>9195550100</TelephoneNumber><TelephoneNumber>9195550101</TelephoneNumber></ListOfTelephoneNumbers>
  <LsrOrderErrors><LsrOrderError><Code>17008</Code><Description>FOC date cannot fall on a holiday</Description></LsrOrderError>
  </LsrOrderErrors><CountOfTNs>2</CountOfTNs></LsrOrder>`;

const lidb = `<LidbOrder><CustomerOrderId>an own id</CustomerOrderId><orderId>an-id</orderId>
  <OrderCreateDate>2025-10-10T17-34-15Z</OrderCreateDate><AccountId>1</AccountId><CreatedByUser>an-admin</CreatedByUser>
  <LastModifiedDate>2025-10-10T17-34-15.797Z</LastModifiedDate><OrderCompleteDate>2025-10-10T17-34-15.797Z</OrderCompleteDate>
  <ErrorList>${error('11020', '<TelephoneNumber>9195550100</TelephoneNumber>')}</ErrorList>
  <ProcessingStatus>PARTIAL</ProcessingStatus><LidbTnGroups>
  <LidbTnGroup><TelephoneNumbers><TelephoneNumber>9195550100</TelephoneNumber></TelephoneNumbers>
    <SubscriberInformation>Pii Joes Grarage</SubscriberInformation><UseType>RESIDENTIAL</UseType><Visibility>PRIVATE</Visibility></LidbTnGroup>
  <LidbTnGroup><TelephoneNumbers><TelephoneNumber>9195550101</TelephoneNumber><TelephoneNumber>9195550102</TelephoneNumber></TelephoneNumbers>
    <SubscriberInformation>Pii Steves</SubscriberInformation><UseType>BUSINESS</UseType><Visibility>PUBLIC</Visibility></LidbTnGroup>
  </LidbTnGroups></LidbOrder>`;

/** With a failed number that the order's own list lacks, as in the reference's example, and one that is in both. */
const external = (more: string) => `<ExternalTnsOrder><OrderCreateDate> 2025-01-09T02:58:04.609Z</OrderCreateDate>
  <AccountId>1</AccountId><CreatedByUser>an-admin</CreatedByUser><OrderId>an-id</OrderId>
  <LastModifiedDate>2025-01-09T02:58:04.962Z</LastModifiedDate><SiteId>3001</SiteId>
  <TelephoneNumbers>${['9195550100', '9195550101', '9195550102'].map((number) => `<TelephoneNumber>${number}</TelephoneNumber>`).join('')}</TelephoneNumbers>
  <ProcessingStatus>PARTIAL</ProcessingStatus><Errors><Error><Code>13552</Code><Description>Telephone numbers already exist.</Description>
  <TelephoneNumbers><TelephoneNumber>9195550102</TelephoneNumber><TelephoneNumber>9195550109</TelephoneNumber></TelephoneNumbers></Error></Errors>
  ${more}</ExternalTnsOrder>`;
const externalImport = external('<Action>IMPORT</Action><SipPeerId>500001</SipPeerId>');
const externalRemoval = external(
  '<Action>REMOVE</Action><LoaType>SUBSCRIBER</LoaType><CustomerOrderId>an own id</CustomerOrderId>',
);

const bulkFields = `${dates('2025-08-04T13:37:06.323Z', '2025-08-04T13:37:08.676Z')}<CreatedByUser>an-admin</CreatedByUser>
  <LastModifiedBy>someone</LastModifiedBy><ProcessingStatus>IN_PROGRESS</ProcessingStatus>
  <RequestedFocDate>2025-09-25T21:15:00.000Z</RequestedFocDate><CustomerOrderId>an own id</CustomerOrderId>
  <LoaAuthorizingPerson>Pii Guy</LoaAuthorizingPerson>${subscriber}<AccountNumber>Pii77</AccountNumber><PinNumber>Pii88</PinNumber>
  <TnAttributes><TnAttribute>Protected</TnAttribute><TnAttribute>External</TnAttribute></TnAttributes>
  <BillingTelephoneNumber>9195550100</BillingTelephoneNumber><SiteId>2857</SiteId><PeerId>317771</PeerId>`;
const bulk = `<BulkPortinResponse><BulkPortin>${bulkFields}</BulkPortin></BulkPortinResponse>`;

const orders: [string, OrderDescription, string][] = [
  ['TN option order', tnoptions, tnOption],
  ['E911 order for numbers', e911s, conventional],
  ['E911 order for endpoints', e911s, endpoints],
  ['E911 order for addresses', e911s, places],
  ['directory listing order', dldas, dlda],
  ['LSR order', lsrorders, lsr],
  ['LIDB order', lidbs, lidb],
  ['external number order that imports', externalTns, externalImport],
  ['external number order that removes', externalTns, externalRemoval],
  ['bulk port-in', bulkPortins, bulk],
];

for (const [name, description, xml] of orders) {
  test(`${name}: read by id, only personal data is lost`, (t) => {
    const { row, numbers, warnings } = readById(description, 'an-id', xml);
    t.deepEqual(warnings, []);
    assertNothingLost(t, xml, { row, numbers });
  });
}

for (const [name, description, list, xml] of [
  ['TN option order', tnoptions, 'TnOptionOrders', tnOption],
  ['E911 order for numbers', e911s, 'E911Orders', conventional],
  ['E911 order for endpoints', e911s, 'E911Orders', endpoints],
  ['external number order that imports', externalTns, 'ExternalTnsOrders', externalImport],
  ['external number order that removes', externalTns, 'ExternalTnsOrders', externalRemoval],
] as const) {
  test(`${name}: a list of whole orders gives the same rows as reading it by id`, (t) => {
    const page = `<${list}><TotalCount>1</TotalCount>${xml}</${list}>`;
    const { rows, warnings } = readList(description, page);
    t.deepEqual(warnings, []);
    assertNothingLost(t, page, rows);
    const { row, numbers } = readById(description, 'an-id', xml);
    const whole = JSON.parse(rows[0]?.whole_order ?? '');
    t.deepEqual({ ...whole.order, details: null }, { ...row, details: null, ...nulls(row) });
    t.deepEqual(whole.order.details, row.details ? JSON.parse(row.details) : null);
    t.is(whole.numbers.length, numbers.length);
  });
}

const nulls = (row: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(row).flatMap(([name, value]) => (value === undefined ? [[name, null]] : [])));

test('a whole order with E.164 numbers has ten digits, and an entry without numbers is not a whole order', (t) => {
  const page = (xml: string) => `<E911Orders><TotalCount>1</TotalCount>${xml}</E911Orders>`;
  const e164 = readList(e911s, page(conventional.replaceAll('919555', '+1919555'))).rows[0];
  t.deepEqual(
    JSON.parse(e164?.whole_order ?? '').numbers.map((number: Record<string, string>) => number.telephone_number),
    ['9195550100', '9195550101'],
  );
  const [bare] = readList(e911s, page(e911('<ProcessingStatus>COMPLETE</ProcessingStatus>'))).rows;
  t.is(bare?.whole_order, null);
  t.is(bare?.status, 'COMPLETE');
});

test('an entry with fewer numbers than its count is not a whole order', (t) => {
  for (const [count, isWhole] of [
    [2, true],
    [3, false],
  ] as const) {
    const counted = conventional.replace('<AccountId>', `<CountOfTNs>${count}</CountOfTNs><AccountId>`);
    const [row] = readList(e911s, `<E911Orders><TotalCount>1</TotalCount>${counted}</E911Orders>`).rows;
    t.is(row?.whole_order !== null, isWhole);
    t.is(row?.count_of_tns, String(count));
  }
});

test('an E911 order without numbers is complete, and adjusted orders accept their numbers', (t) => {
  t.like(readById(e911s, 'an-id', endpoints), { row: { unknown_reason: undefined }, numbers: [] });
  const adjusted = conventional.replace('>PARTIAL<', '>ADJUSTED_PARTIAL<');
  const { numbers } = readById(e911s, 'an-id', adjusted);
  t.deepEqual(
    numbers.map(([, number, outcome, code]) => [number, outcome, code ?? null]),
    [
      ['9195550100', 'ACCEPTED', null],
      ['9195550101', 'FAILED', '8003'],
    ],
  );
});

test('a list of bulk port-ins gives their port-ins; without PortinList, they are read by id', (t) => {
  const members = '<PortinList><PortinOrderId>port-1</PortinOrderId><PortinOrderId>port-2</PortinOrderId></PortinList>';
  const page = (inside: string) => `<BulkPortinResponses><TotalCount>1</TotalCount><Links>
    <first>Link=&lt;http://localhost/iris/accounts/1/bulkPortins?page=1&amp;size=3&gt;;rel="first";</first></Links>
    <BulkPortinResponse><OrderId>an-id</OrderId>${bulkFields}${inside}</BulkPortinResponse></BulkPortinResponses>`;
  const { rows, orders, warnings } = readList(bulkPortins, page(members));
  t.deepEqual(warnings, []);
  assertNothingLost(t, page(members), { rows, orders });
  t.is(orders[0]?.row.members, '["port-1","port-2"]');
  const without = readList(bulkPortins, page(''));
  t.deepEqual(without.orders, []);
  t.is(without.rows[0]?.status, 'IN_PROGRESS');
});

test('a list of bulk port-ins without ids, as in the reference’s example, leaves no entry unreported', (t) => {
  const { items } = parseListPage(
    `<BulkPortinResponses><TotalCount>1</TotalCount><BulkPortinResponse>${bulkFields}</BulkPortinResponse></BulkPortinResponses>`,
    bulkPortins.list,
  );
  t.deepEqual(
    items.map(({ values }) => values[bulkPortins.list.fields.indexOf('OrderId')]),
    [undefined],
  );
});

test('the lists of numbers and port-ins of a bulk port-in are read without loss', (t) => {
  const numbers = `<TnListResponse><ValidTnList><TN>9195550100</TN><TN>+19195550101</TN></ValidTnList>
    <NonPortableTnList><TN>9195550102</TN></NonPortableTnList><InvalidTnList><TN>919-x</TN></InvalidTnList></TnListResponse>`;
  const part = parseOrderPart(numbers, { root: 'TnListResponse', path: 'ValidTnList.TN' });
  const answer = parseOrderAnswer(bulk, bulkPortins.details, 'an-id');
  answer.rest.TnListResponse = part.rest;
  const ports = `<PortinListResponse><PortinList><PortinOrderId>port-1</PortinOrderId></PortinList><Errors>
    ${['port-2', 'port-3'].map((id) => `<Error><ErrorCode>7300</ErrorCode><portinOrderId>${id}</portinOrderId><Description>A text</Description></Error>`).join('')}</Errors></PortinListResponse>`;
  const members = parseOrderPart(ports, { root: 'PortinListResponse', path: 'PortinList.PortinOrderId' });
  answer.members = members.texts;
  answer.rest.PortinListResponse = members.rest;
  const stored = detailsOf(bulkPortins, 'an-id', answer, part.texts);
  t.deepEqual(
    stored.numbers.map(([, number]) => number),
    ['9195550100', '9195550101'],
  );
  assertNothingLost(t, numbers.replace('+1', ''), stored);
  assertNothingLost(t, ports, stored);
});

test('a missing list of numbers does not remove the known numbers of a bulk port-in', (t) => {
  const missing = detailsOf(bulkPortins, 'an-id', parseOrderAnswer(bulk, bulkPortins.details, 'an-id'), undefined);
  t.is(missing.row.has_all_numbers, 'false');
  t.is(missing.row.members, undefined);
});
