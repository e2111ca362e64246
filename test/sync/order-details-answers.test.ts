import test from 'ava';
import { parseOrderAnswer, parseOrderNumbers } from '../../src/dashboard/order-answer.js';
import type { OrderDetailResource } from '../../src/dashboard/resource.js';
import { numberColumns, orderColumns, toDetailRows } from '../../src/sync/order-detail-row.js';
import { lacksNumbers, numbersOf, type OrderToRead } from '../../src/sync/order-numbers.js';
import { collectWarnings } from '../../src/sync/value-warnings.js';
import {
  assignmentDetails,
  disconnectDetails,
  importDetails,
  orderDetailResources,
  orderDetails,
  portinDetails,
  portoutDetails,
} from '../support/resources.js';

interface Read {
  order: Record<string, unknown>;
  numbers: Record<string, unknown>[];
  warnings: string[];
  lacksNumbers: boolean;
}

/** The staged row of a response, by column, without nulls. */
function read(
  resource: OrderDetailResource,
  xml: string,
  { more = [], ...given }: Partial<OrderToRead> & { more?: string[] } = {},
): Read {
  const known = { orderId: 'an-order', status: null, listedCount: null, ...given };
  const answer = parseOrderAnswer(xml, resource, known.orderId);
  const warnings = collectWarnings();
  const reported = numbersOf(resource, answer, known, more);
  const rows = toDetailRows(resource, known.orderId, answer, reported, warnings);
  const byName = (columns: readonly { name: string }[], row: readonly unknown[]) =>
    Object.fromEntries(columns.map(({ name }, index) => [name, row[index]]).filter(([, value]) => value != null));
  const order = byName(orderColumns(resource), rows.order);
  if (typeof order.details === 'string') order.details = JSON.parse(order.details);
  return {
    order,
    numbers: rows.numbers.map((row) => byName(numberColumns, row)),
    warnings: warnings.sentences(),
    lacksNumbers: lacksNumbers(resource, answer, known),
  };
}

const numbersIn = ({ numbers }: Read) => numbers.map(({ telephone_number }) => telephone_number);

// The payloads are from Bandwidth's API reference, including their quirks.

const numberOrder = (
  inside = '<CompletedNumbers><TelephoneNumber><FullNumber>8042105666</FullNumber></TelephoneNumber></CompletedNumbers>',
) => `
  <OrderResponse>
    <CompletedQuantity>1</CompletedQuantity>
    <CreatedByUser>jbm</CreatedByUser>
    <LastModifiedDate>2014-01-06T19:09:44.027Z</LastModifiedDate>
    <OrderCompleteDate>2014-01-06T19:09:44.041Z</OrderCompleteDate>
    <Order>
      <CustomerOrderId>123456789</CustomerOrderId>
      <Name>Area Code Order</Name>
      <OrderCreateDate>2014-01-06T19:09:43.695Z</OrderCreateDate>
      <PeerId>303716</PeerId>
      <BackOrderRequested>false</BackOrderRequested>
      <AreaCodeSearchAndOrderType><AreaCode>804</AreaCode><Quantity>1</Quantity></AreaCodeSearchAndOrderType>
      <TnAttributes><TnAttribute>Protected</TnAttribute><TnAttribute>External</TnAttribute></TnAttributes>
      <PartialAllowed>true</PartialAllowed>
      <SiteId>743</SiteId>
    </Order>
    <OrderStatus>COMPLETE</OrderStatus>
    ${inside}
    <FailedQuantity>0</FailedQuantity>
  </OrderResponse>`;

test('a number order has its fields and numbers in one response', (t) => {
  const result = read(orderDetails, numberOrder());
  t.deepEqual(result.order, {
    order_id: 'an-order',
    status: 'COMPLETE',
    last_modified_date: '2014-01-06T19:09:44.027Z',
    has_all_numbers: 'true',
    customer_order_id: '123456789',
    order_date: '2014-01-06T19:09:43.695Z',
    user_id: 'jbm',
    name: 'Area Code Order',
    site_id: '743',
    peer_id: '303716',
    completed_quantity: '1',
    count_of_tns: '1',
    failed_quantity: '0',
    order_complete_date: '2014-01-06T19:09:44.041Z',
    back_order_requested: 'false',
    partial_allowed: 'true',
    details: {
      Order: {
        AreaCodeSearchAndOrderType: { AreaCode: '804', Quantity: '1' },
        TnAttributes: { TnAttribute: ['Protected', 'External'] },
      },
    },
  });
  t.deepEqual(numbersIn(result), ['8042105666']);
  t.deepEqual(result.warnings, []);
  t.false(result.lacksNumbers);
});

test('numbers that an order omits are requested separately, and a remaining mismatch is reported', (t) => {
  for (const inside of ['', '<CompletedNumbers/>', '<CompletedNumbers><TelephoneNumber/></CompletedNumbers>']) {
    t.true(read(orderDetails, numberOrder(inside)).lacksNumbers, inside);
  }
  const more = parseOrderNumbers(
    '<TelephoneNumbers><Count>1</Count><TelephoneNumber>8042105666</TelephoneNumber></TelephoneNumbers>',
  );
  const reported = read(orderDetails, numberOrder(''), { more });
  t.deepEqual([numbersIn(reported), reported.order.has_all_numbers, reported.warnings], [['8042105666'], 'true', []]);

  const short = read(orderDetails, numberOrder(''), { orderId: 'short' });
  t.is(short.order.has_all_numbers, 'false');
  t.regex(
    short.warnings.join(),
    /^1 × order whose number count is inconsistent .* such as short: 0 listed, but the count is 1$/,
  );
});

test('element names are case-insensitive, texts are trimmed, and one element reads like a list', (t) => {
  const result = read(
    orderDetails,
    `<orderresponse><ORDERSTATUS>
       PARTIAL
     </ORDERSTATUS><completednumbers><telephonenumber><fullnumber> 8042105666 </fullnumber></telephonenumber>
     <TelephoneNumber><FullNumber>8042105667</FullNumber><City>X</City></TelephoneNumber></completednumbers>
     <completedQuantity>2</completedQuantity><order><customerorderid>
       A 1
     </customerorderid><ID>AN-ORDER</ID></order></orderresponse>`,
  );
  t.is(result.order.status, 'PARTIAL');
  t.is(result.order.customer_order_id, 'A 1');
  t.deepEqual(numbersIn(result).sort(), ['8042105666', '8042105667']);
  t.deepEqual(result.warnings, []);
});

test('a response for another order, or without an order, is rejected and never quoted', (t) => {
  const refuse = (xml: string) => t.throws(() => parseOrderAnswer(xml, orderDetails, 'an-order'))?.message ?? '';
  t.regex(refuse('<OrderResponse><Order><id>other</id></Order></OrderResponse>'), /the response is another order/);
  t.regex(refuse('<OrderResponse><Secret>x1y</Secret></OrderResponse>'), /but it contains none/);
  t.regex(refuse('<OrderResponse/>'), /but it contains none/);
  t.regex(refuse('<html><OrderStatus>COMPLETE</OrderStatus></html>'), /expected a document <OrderResponse>/);
  t.regex(refuse('<OrderResponse><OrderStatus>COMPLETE</OrderStatus>'), /not well-formed/);
  t.false(refuse('<OrderResponse><Secret>x1y</Secret></OrderResponse>').includes('x1y'));
});

test('a disconnect has its disconnected numbers, and keeps the failed ones in raw', (t) => {
  const complete = read(
    disconnectDetails,
    `<DisconnectTelephoneNumberOrderResponse> <DisconnectedTelephoneNumberList> <TelephoneNumber>9199998830</TelephoneNumber> </DisconnectedTelephoneNumberList> <orderRequest> <id>an-order</id> <OrderCreateDate>2013-12-04T21:59:32.243Z</OrderCreateDate> <DisconnectTelephoneNumberOrderType> <TelephoneNumberList> <TelephoneNumber>9199998830</TelephoneNumber> </TelephoneNumberList> <DisconnectMode>normal</DisconnectMode> <Protected>UNCHANGED</Protected> </DisconnectTelephoneNumberOrderType> </orderRequest> <OrderStatus>COMPLETE</OrderStatus> </DisconnectTelephoneNumberOrderResponse>`,
  );
  t.deepEqual(complete.order, {
    order_id: 'an-order',
    status: 'COMPLETE',
    has_all_numbers: 'true',
    order_date: '2013-12-04T21:59:32.243Z',
    disconnect_mode: 'normal',
    protected: 'UNCHANGED',
  });
  t.deepEqual(numbersIn(complete), ['9199998830']);

  const disconnect = (status: string, disconnected: string) =>
    read(
      disconnectDetails,
      `<DisconnectTelephoneNumberOrderResponse>
        <ErrorList><Error><Code>5131</Code><Description>Not in service</Description><TelephoneNumbers><TelephoneNumber>4158714245</TelephoneNumber></TelephoneNumbers></Error></ErrorList>
        ${disconnected}
        <orderRequest><DisconnectTelephoneNumberOrderType><TelephoneNumberList>
          <TelephoneNumber>4158714245</TelephoneNumber><TelephoneNumber>4352154439</TelephoneNumber>
        </TelephoneNumberList></DisconnectTelephoneNumberOrderType></orderRequest>
        <OrderStatus>${status}</OrderStatus>
      </DisconnectTelephoneNumberOrderResponse>`,
    );
  const list =
    '<DisconnectedTelephoneNumberList><TelephoneNumber>4352154439</TelephoneNumber></DisconnectedTelephoneNumberList>';
  const partial = disconnect('PARTIAL', list);
  t.deepEqual(numbersIn(partial), ['4352154439']);
  t.true(JSON.stringify(partial.order.details).includes('"4158714245"'));
  t.deepEqual(
    numbersIn(disconnect('COMPLETE', '')),
    ['4352154439'],
    'complete: all that was asked for, less the errors',
  );
  t.deepEqual(numbersIn(disconnect('FAILED', '')), []);
  t.deepEqual(numbersIn(disconnect('PROCESSING', '')), []);
});

const portin = `
  <LnpOrderResponse>
    <Errors><Code>7205</Code><Description>Telephone number is already being processed on another order</Description></Errors>
    <ProcessingStatus>CANCELLED</ProcessingStatus>
    <RequestedFocDate>2016-03-25T21:15:00.000Z</RequestedFocDate>
    <CustomerOrderId>SJM00002</CustomerOrderId>
    <LoaAuthorizingPerson>The Authguy</LoaAuthorizingPerson>
    <Subscriber>
      <SubscriberType>BUSINESS</SubscriberType><FirstName>First</FirstName><LastName>Last</LastName>
      <ServiceAddress><HouseNumber>11235</HouseNumber><StreetName>Back</StreetName><City>Denver</City><StateCode>CO</StateCode><Zip>27541</Zip></ServiceAddress>
    </Subscriber>
    <WirelessInfo><AccountNumber>771297665AABC</AccountNumber><PinNumber>1234</PinNumber></WirelessInfo>
    <TnAttributes><TnAttribute>Protected</TnAttribute></TnAttributes>
    <BillingTelephoneNumber>9195551234</BillingTelephoneNumber>
    <NewBillingTelephoneNumber>9175131245</NewBillingTelephoneNumber>
    <ListOfPhoneNumbers><PhoneNumber>9194809871</PhoneNumber></ListOfPhoneNumbers>
    <AlternateSpid>Foo</AlternateSpid>
    <AccountId>20</AccountId>
    <SiteId>2857</SiteId>
    <PeerId>317771</PeerId>
    <LosingCarrierName>Mock Carrier</LosingCarrierName>
    <VendorName>Bandwidth CLEC</VendorName>
    <OrderCreateDate>2014-08-04T13:37:06.323Z</OrderCreateDate>
    <LastModifiedDate>2014-08-04T13:37:08.676Z</LastModifiedDate>
    <userId>jbm</userId>
    <LastModifiedBy>jbm</LastModifiedBy>
    <PartialPort>false</PartialPort>
    <Triggered>false</Triggered>
    <PortType>AUTOMATED</PortType>
  </LnpOrderResponse>`;

test('a port-in has its fields and numbers, without subscriber, PIN and account number', (t) => {
  const result = read(portinDetails, portin, { listedCount: 1 });
  t.deepEqual(result.order, {
    order_id: 'an-order',
    status: 'CANCELLED',
    last_modified_date: '2014-08-04T13:37:08.676Z',
    has_all_numbers: 'true',
    customer_order_id: 'SJM00002',
    order_date: '2014-08-04T13:37:06.323Z',
    user_id: 'jbm',
    losing_carrier_name: 'Mock Carrier',
    billing_telephone_number: '9195551234',
    new_billing_telephone_number: '9175131245',
    requested_foc_date: '2016-03-25T21:15:00.000Z',
    port_type: 'AUTOMATED',
    partial_port: 'false',
    triggered: 'false',
    site_id: '2857',
    peer_id: '317771',
    vendor_name: 'Bandwidth CLEC',
    details: {
      Errors: { Code: '7205', Description: 'Telephone number is already being processed on another order' },
      Subscriber: { SubscriberType: 'BUSINESS' },
      TnAttributes: { TnAttribute: 'Protected' },
      AlternateSpid: 'Foo',
      AccountId: '20',
      LastModifiedBy: 'jbm',
    },
  });
  t.deepEqual(numbersIn(result), ['9194809871']);
  t.false(result.lacksNumbers);
  t.true(read(portinDetails, portin, { listedCount: 2 }).lacksNumbers);
});

test('a port-out has its FOC dates, and its numbers come from the list', (t) => {
  const { order, numbers } = read(
    portoutDetails,
    `<LnpOrderResponse>
      <RequestedFocDate>2014-08-02T12:34:37Z</RequestedFocDate><ActualFocDate>2014-08-02T12:34:37Z</ActualFocDate>
      <PON>8a89dea8-a145-4796-8e73-0d859fc74cad</PON><AccountId>20</AccountId>
      <OrderCreateDate>2014-07-31T16:34:37.480Z</OrderCreateDate><LastModifiedDate>2014-07-31T16:34:37.530Z</LastModifiedDate>
      <userId>System</userId><PortOutStatus>NEW</PortOutStatus><SPID>512E</SPID>
    </LnpOrderResponse>`,
    { listedCount: 1 },
  );
  t.like(order, { status: 'NEW', actual_foc_date: '2014-08-02T12:34:37Z', spid: '512E', user_id: 'System' });
  t.is(order.pon, '8a89dea8-a145-4796-8e73-0d859fc74cad');
  t.deepEqual(numbers, []);
});

const assigned = ['9199918388', '4158714245', '4352154439', '4352154466'];

const assignment = ({
  status = 'PARTIAL',
  failed = '<FailedQuantity>\n   1\n</FailedQuantity>',
  numbers = assigned,
  errors = ['9199918388'],
}: {
  status?: string;
  failed?: string;
  numbers?: string[];
  /** Numbers in the error; `''`: no error. */
  errors?: string[] | '';
} = {}) => `
  <TelephoneNumbersAssignmentOrderResponse>
    <OrderCreateDate>
        2016-01-15T11:36:52.727Z
    </OrderCreateDate>
    <AccountId>1</AccountId><CreatedByUser>jbm</CreatedByUser><OrderId>an-order</OrderId>
    <ProcessingStatus>
        ${status}
    </ProcessingStatus>
    <TotalQuantity>4</TotalQuantity>${failed}
    <TelephoneNumbersAssignmentOrder>
      <CustomerOrderId>ICPA123ABC</CustomerOrderId>
      <Action>
   ASSIGN
</Action>
      <TelephoneNumbers>${numbers.map((number) => `<TelephoneNumber>\n  ${number}\n</TelephoneNumber>`).join('')}</TelephoneNumbers>
    </TelephoneNumbersAssignmentOrder>
    ${
      errors &&
      `<Errors><Error><Code>5076</Code><Description>Number does not belong to this account.</Description>
      <TelephoneNumbers>${errors.map((number) => `<TelephoneNumber>${number}</TelephoneNumber>`).join('')}</TelephoneNumbers>
    </Error></Errors>`
    }
  </TelephoneNumbersAssignmentOrderResponse>`;

const outcomesIn = ({ numbers }: Read) => numbers.map(({ outcome }) => outcome ?? null);

test('in a PARTIAL assignment order, the numbers in its errors failed and the others were accepted', (t) => {
  const result = read(assignmentDetails, assignment());
  t.like(result.order, {
    status: 'PARTIAL',
    action: 'ASSIGN',
    customer_order_id: 'ICPA123ABC',
    total_quantity: '4',
    failed_quantity: '1',
    order_date: '2016-01-15T11:36:52.727Z',
    user_id: 'jbm',
  });
  t.deepEqual(result.numbers, [
    {
      order_id: 'an-order',
      telephone_number: '9199918388',
      outcome: 'FAILED',
      error_code: '5076',
      error_description: 'Number does not belong to this account.',
    },
    ...assigned.slice(1).map((number) => ({ order_id: 'an-order', telephone_number: number, outcome: 'ACCEPTED' })),
  ]);
  t.deepEqual(result.warnings, []);
});

test('a FAILED assignment order accepts no number, a COMPLETE one all, an open one has no outcomes', (t) => {
  const failed = read(assignmentDetails, assignment({ status: 'FAILED', failed: '' }));
  t.deepEqual(outcomesIn(failed), ['FAILED', 'FAILED', 'FAILED', 'FAILED']);
  const ofAll = read(assignmentDetails, assignment({ status: 'FAILED', failed: '', errors: [] }));
  t.deepEqual(
    ofAll.numbers.map(({ outcome, error_code }) => [outcome, error_code]),
    assigned.map(() => ['FAILED', '5076']),
  );
  t.deepEqual(outcomesIn(read(assignmentDetails, assignment({ status: 'COMPLETE', failed: '', errors: '' }))), [
    'ACCEPTED',
    'ACCEPTED',
    'ACCEPTED',
    'ACCEPTED',
  ]);
  t.deepEqual(outcomesIn(read(assignmentDetails, assignment({ status: 'PROCESSING', failed: '' }))), [
    null,
    null,
    null,
    null,
  ]);
});

test('in an inconsistent assignment order, unlisted numbers are UNKNOWN, including those known before', (t) => {
  const summary = read(assignmentDetails, assignment({ numbers: [] }));
  t.like(summary.order, { has_all_numbers: 'false', outcome_of_others: 'UNKNOWN' });
  t.deepEqual(numbersIn(summary), ['9199918388']);
  t.regex(summary.warnings.join(), /an-order: 1 listed, but the count is 4/);
  const known = read(assignmentDetails, assignment({ numbers: [] }), { knownCount: 4 });
  t.like(known.order, { has_all_numbers: 'false', outcome_of_others: 'ACCEPTED' });
  const unnamed = read(assignmentDetails, assignment({ errors: [] }));
  t.deepEqual(outcomesIn(unnamed), ['UNKNOWN', 'UNKNOWN', 'UNKNOWN', 'UNKNOWN']);
  t.regex(unnamed.warnings.join(), /an-order: 0 listed as failed, but the failed count is 1/);
  t.is(read(assignmentDetails, assignment({ status: 'FAILED', numbers: [] })).order.outcome_of_others, 'FAILED');
});

test('values that do not fit a column are kept in raw as text and reported', (t) => {
  const result = read(
    assignmentDetails,
    assignment({
      numbers: ['9199918388', '415CALLNOW', '+442071234567', '919-555-0100'],
      failed: '<FailedQuantity>1</FailedQuantity>',
    })
      .replace('ASSIGN\n', 'GIVE\n')
      .replace('2016-01-15T11:36:52.727Z', 'last Tuesday')
      .replace('<TotalQuantity>4<', '<TotalQuantity>99999999999<'),
  );
  t.deepEqual(numbersIn(result), ['9199918388', '+442071234567']);
  t.deepEqual(
    [result.order.order_date, result.order.action, result.order.total_quantity],
    [undefined, undefined, undefined],
  );
  t.like(result.order.details, {
    OrderCreateDate: 'last Tuesday',
    Action: 'GIVE',
    TotalQuantity: '99999999999',
    TelephoneNumber: ['415CALLNOW', '919-555-0100'],
  });
  const reported = result.warnings.join('\n');
  t.regex(reported, /OrderCreateDate that is not in a known date format .* "last Tuesday" of an-order/);
  t.regex(reported, /2 × invalid telephone number .* "415CALLNOW" of an-order/);
});

test('order ids are percent-encoded in URLs', (t) => {
  for (const { path, numbers } of orderDetailResources) {
    for (const make of [path, numbers?.own]) {
      if (make === undefined) continue;
      t.regex(
        make('9900000', `a/b?c'; drop table`),
        /^\/accounts\/9900000\/\w+\/a%2Fb%3Fc'%3B%20drop%20table(\/tns|\/tnList)?$/,
      );
    }
  }
});

test('a field in two spellings with the same value is stored once', (t) => {
  const twice = (xml: string) =>
    xml.replace(/<((?:Site|CustomerOrder)Id)>([^<]*)<\/\1>/g, (element, name: string, text) => {
      const other = name.charAt(0).toLowerCase() + name.slice(1);
      return `${element}<${other}>${text}</${other}><${other}/>`;
    });
  t.not(twice(numberOrder()), numberOrder());
  t.deepEqual(read(orderDetails, twice(numberOrder())), read(orderDetails, numberOrder()));
});

test('a field with two different values leaves its column null; both are kept in raw and reported', (t) => {
  const one = read(orderDetails, numberOrder());
  t.truthy(one.order.customer_order_id);
  const { order, warnings } = read(
    orderDetails,
    numberOrder().replace('</CustomerOrderId>', '</CustomerOrderId><customerOrderId>another</customerOrderId>'),
  );
  t.is(order.customer_order_id, undefined);
  t.regex(JSON.stringify(order.details), /"CustomerOrderId":"123456789","customerOrderId":"another"/);
  t.deepEqual(warnings, [
    '1 × CustomerOrderId that is repeated with different values (values without a column are kept in raw), such as an-order',
  ]);
});

const importOrder = (inside: string) => `
  <ImportTnOrder>
    <OrderCreateDate>2018-01-09T02:58:04.615Z</OrderCreateDate> <AccountId>9900012</AccountId> <CreatedByUser>sjm</CreatedByUser>
    <OrderId>an-order</OrderId> <LastModifiedDate>2018-01-09T02:58:05.298Z</LastModifiedDate>
    <SiteId>65487</SiteId> <SipPeerId>885544</SipPeerId>
    <Subscriber> <Name>First</Name> <ServiceAddress> <HouseNumber>11235</HouseNumber> <StreetName>Back</StreetName>
      <City>Denver</City> <StateCode>CO</StateCode> <Zip>27541</Zip> <County>Canyon</County> </ServiceAddress> </Subscriber>
    <LoaAuthorizingPerson>The Authguy</LoaAuthorizingPerson> <LoaType>CARRIER</LoaType>
    <TelephoneNumbers> <TelephoneNumber>2106078250</TelephoneNumber> <TelephoneNumber>2266401468</TelephoneNumber> </TelephoneNumbers>
    ${inside}
  </ImportTnOrder>`;

test('the reference’s import order has its failed number only in the errors, and stores no names', (t) => {
  const found = read(
    importDetails,
    importOrder(`<ProcessingStatus>PARTIAL</ProcessingStatus>
      <Errors> <Error> <Code>7518</Code> <Description>Telephone Number Not Active.</Description>
        <TelephoneNumbers> <TelephoneNumber>2262665583</TelephoneNumber> </TelephoneNumbers> </Error> </Errors>`),
  );
  t.deepEqual(found.warnings, []);
  t.like(found.order, {
    ...{ status: 'PARTIAL', user_id: 'sjm', site_id: '65487', peer_id: '885544', loa_type: 'CARRIER' },
    ...{ order_date: '2018-01-09T02:58:04.615Z', unknown_reason: undefined },
  });
  t.deepEqual(
    found.numbers.map(({ telephone_number, outcome, error_code = '' }) => [telephone_number, outcome, error_code]),
    [
      ['2106078250', 'ACCEPTED', ''],
      ['2266401468', 'ACCEPTED', ''],
      ['2262665583', 'FAILED', '7518'],
    ],
  );
  t.notRegex(JSON.stringify(found.order.details), /First|11235|Back|Denver|27541|Canyon|Authguy/);
});

test('a failed import order imports no number; a partial one without listed failures is UNKNOWN', (t) => {
  const outcomes = (inside: string) => read(importDetails, importOrder(inside)).numbers.map(({ outcome }) => outcome);
  t.deepEqual(outcomes('<ProcessingStatus>FAILED</ProcessingStatus><Errors/>'), ['FAILED', 'FAILED']);
  t.deepEqual(outcomes('<ProcessingStatus>PARTIAL</ProcessingStatus><Errors/>'), ['UNKNOWN', 'UNKNOWN']);
  t.deepEqual(outcomes('<ProcessingStatus>PROCESSING</ProcessingStatus><Errors/>'), [undefined, undefined]);
  t.deepEqual(outcomes('<ProcessingStatus>ON_HOLD</ProcessingStatus><Errors/>'), [undefined, undefined]);
});
