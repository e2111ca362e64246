import type { AccountState } from '../account.js';
import { type Answer, badRequest, Refusal, xml } from '../answer.js';
import { writeDateWithTenths } from '../dates.js';
import { isForEndpoints } from '../feature-orders.js';
import type { NumberRow } from '../number.js';
import { keyOf, textOf } from '../number-key.js';
import { oddNumbersOf } from '../number-oddities.js';
import { createNumberWriter, type NumberWriter } from '../number-xml.js';
import type { Call, Route } from '../route.js';
import { line } from '../xml.js';
import { holderOf } from './tns.js';

const root = 'TelephoneNumberResponse';

const unknownNumber = `<ErrorResponse>
    <irisStatus>
        <Code>404</Code>
        <Description>Results were not found.</Description>
    </irisStatus>
</ErrorResponse>
`;

interface Found {
  account: AccountState;
  row: NumberRow;
}

function find(call: Call): Found {
  const key = keyIn(call);
  const account = holderOf(call.state, key);
  if (account === undefined) {
    throw new Refusal(xml(unknownNumber, 404));
  }
  return { account, row: account.inventory.row(key) };
}

interface SourceOrder {
  orderId: string;
  orderDate: Date;
  type: string;
}

/** The order that added a number, the last one if there are several; undefined if there is none. */
function sourceOrderOf({ orderBook }: AccountState, telephoneNumber: string): SourceOrder | undefined {
  const { orders, portins } = orderBook.open().lists;
  const order = orders.all.find(({ numbers }) =>
    numbers.some((number) => number.telephoneNumber === telephoneNumber && number.outcome === 'COMPLETED'),
  );
  const portIn = portins.all.find(({ status, numbers }) => status === 'COMPLETE' && numbers.includes(telephoneNumber));
  const sourceOrders: SourceOrder[] = [
    ...(order === undefined ? [] : [{ ...order, type: 'NEW_NUMBER_ORDER' }]),
    // The reference has no order type for ported-in numbers.
    ...(portIn === undefined ? [] : [{ ...portIn, type: 'PORT_IN_ORDER' }]),
  ];
  return sourceOrders.toSorted((one, other) => other.orderDate.getTime() - one.orderDate.getTime())[0];
}

/** A number and the order that added it, if any. */
function read(call: Call): Answer {
  const { account, row } = find(call);
  const sourceOrder = sourceOrderOf(account, textOf(row.key));
  const inServiceDate = row.inServiceDate === undefined ? undefined : new Date(row.inServiceDate).toISOString();
  return xml(`<TelephoneNumberResponse>
    <TelephoneNumber>${textOf(row.key)}</TelephoneNumber>
    <Status>${row.status}</Status>
    <LastModifiedDate>${writeDateWithTenths(row.lastModified)}</LastModifiedDate>
${line('    ', 'OrderCreateDate', sourceOrder?.orderDate.toISOString())}${line('    ', 'OrderId', sourceOrder?.orderId)}${line(
  '    ',
  'OrderType',
  sourceOrder?.type,
)}${line('    ', 'InServiceDate', inServiceDate)}    <SiteId>479</SiteId>
    <AccountId>${account.id}</AccountId>
</TelephoneNumberResponse>
`);
}

/** Details of a number: where it is, what it can do, and what became of the orders for its features. */
function readDetails(call: Call, writeNumbers: NumberWriter): Answer {
  const { account, row } = find(call);
  const number = textOf(row.key);
  const oddity = oddNumbersOf(call.state, account).get(row.key);
  const isHosted = oddity === 'foreign-details' || oddity === 'foreign-rows';
  const own = placeXml(account, number);
  const hosted = `            <HostedTelephoneNumberDetails>
                <HostedTelephoneNumberDetail>
                    <AccountId>${account.id}</AccountId>
${own.replaceAll(/^/gm, '        ').trimEnd()}
                    <TnAttributes>
                        <TnAttribute>Hosted</TnAttribute>
                    </TnAttributes>
                </HostedTelephoneNumberDetail>
            </HostedTelephoneNumberDetails>
`;
  const attributes = [...account.attributesOf(number), ...(isHosted ? ['Hosted'] : [])];
  const accountId = isHosted ? call.state.foreignAccountId : account.id;
  const details = writeNumbers([{ row, accountId }])
    .toString()
    .replace('<TelephoneNumber>', '<TelephoneNumberDetails>')
    .replace(/(<AccountId>\s*[^<]*<\/AccountId>\n)/, (element) => element + (isHosted ? foreignPlaceXml : own))
    .replace(
      '        </TelephoneNumber>',
      `${featuresXml(account, number)}${attributesXml(attributes)}${isHosted ? hosted : ''}        </TelephoneNumberDetails>`,
    )
    .replaceAll(/^ {4}/gm, '');
  return xml(`<TelephoneNumberResponse>\n${details}</TelephoneNumberResponse>\n`);
}

/** Sub-account, location and services; no location for a number that isn't in service. */
function placeXml(account: AccountState, number: string): string {
  const i = '            ';
  for (const { siteId, name, locations } of account.sites()) {
    const location = locations.find(({ numbers }) => numbers.includes(number));
    if (location === undefined) continue;
    return `${i}<Site>
${line(`${i}    `, 'Id', siteId)}${line(`${i}    `, 'Name', name)}${i}</Site>
${i}<SipPeer>
${line(`${i}    `, 'PeerId', location.sipPeerId)}${line(`${i}    `, 'PeerName', location.name)}${line(`${i}    `, 'IsDefaultPeer', location.isDefault)}${i}</SipPeer>
${i}<ServiceTypes>
${i}    <ServiceType>Voice</ServiceType>
${i}    <ServiceType>Messaging</ServiceType>
${i}</ServiceTypes>
`;
  }
  return '';
}

const foreignPlaceXml = `            <Site>
                <Id>479</Id>
                <Name>site_9b08f</Name>
            </Site>
            <SipPeer>
                <PeerId>500014</PeerId>
                <PeerName>a2750fad-3</PeerName>
            </SipPeer>
            <ServiceTypes>
                <ServiceType>Voice</ServiceType>
            </ServiceTypes>
`;

function attributesXml(attributes: readonly string[]): string {
  if (attributes.length === 0) return '';
  const items = attributes.map((each) => line('                ', 'TnAttribute', each));
  return `            <TnAttributes>\n${items.join('')}            </TnAttributes>\n`;
}

/** The features of the latest orders that name the number, with personal data where the API has it. */
function featuresXml(account: AccountState, number: string): string {
  const i = '                ';
  const latest = (segment: string) => {
    const order = account
      .featureOrders(segment)
      .find((each) => !isForEndpoints(segment, each) && each.numbers.some((n) => n.telephoneNumber === number));
    const outcome = order?.numbers.find(({ telephoneNumber }) => telephoneNumber === number)?.outcome;
    return order && { ...order.personal, outcome };
  };
  const [e911, lidb, dlda] = [latest('e911s'), latest('lidbs'), latest('dldas')];
  const words = { ACCEPTED: 'Success', FAILED: 'Failed' } as const;
  const statusOf = (outcome: keyof typeof words | undefined) => (outcome === undefined ? 'Pending' : words[outcome]);
  const features = [
    e911 &&
      `${i}<E911>
${line(`${i}    `, 'LastE911OrderOutcome', statusOf(e911.outcome).toUpperCase())}${line(`${i}    `, 'CallerName', e911.lastName)}${i}    <Address>
${line(`${i}        `, 'HouseNumber', e911.houseNumber)}${line(`${i}        `, 'StreetName', e911.streetName)}${i}    </Address>
${i}</E911>
`,
    lidb &&
      `${i}<Lidb>
${line(`${i}    `, 'Status', statusOf(lidb.outcome))}${line(`${i}    `, 'SubscriberInformation', lidb.lastName)}${i}    <UseType>BUSINESS</UseType>
${i}</Lidb>
`,
    dlda &&
      `${i}<Dlda>
${line(`${i}    `, 'Status', statusOf(dlda.outcome))}${i}    <ListingName>
${line(`${i}        `, 'FirstName', dlda.firstName)}${line(`${i}        `, 'LastName', dlda.lastName)}${i}    </ListingName>
${i}</Dlda>
`,
  ].filter((each) => each !== undefined);
  return features.length === 0 ? '' : `            <Features>\n${features.join('')}            </Features>\n`;
}

/** The key of the number in the path. */
function keyIn({ params: { tn = '' } }: Call): number {
  const key = keyOf(tn);
  if (key === undefined) throw badRequest(root, `Telephone number '${tn}' is not valid`, '12512');
  return key;
}

/** The events of a number, oldest first: those of all accounts of the user, and of others. */
function readHistory(call: Call): Answer {
  const number = textOf(keyIn(call));
  const events = [...call.state.accounts.values()]
    .flatMap((account) => account.numberEvents(number).map((event) => ({ account, ...event })))
    .sort((a, b) => a.at.getTime() - b.at.getTime());
  if (events.length === 0) return xml(unknownNumber, 404);
  const i = '            ';
  const items = events.map(
    (event) => `        <TelephoneNumberStatus>
${line(i, 'AccountId', event.own ? event.account.id : call.state.foreignAccountId)}${line(i, 'LastModifiedDate', event.at.toISOString())}${line(i, 'OrderCreateDate', event.orderDate.toISOString())}${line(i, 'OrderId', event.orderId)}${line(i, 'Status', event.status)}${line(i, 'UserId', event.userId)}${line(i, 'OrderType', event.orderType)}${line(i, 'OrderStatus', event.orderStatus)}        </TelephoneNumberStatus>
`,
  );
  return xml(`<TelephoneNumberResponse>
    <TelephoneNumberStatuses>
${items.join('')}    </TelephoneNumberStatuses>
    <TelephoneNumber>${number}</TelephoneNumber>
</TelephoneNumberResponse>
`);
}

/** Bandwidth's hold of a number that nobody has yet. */
function readReservation(call: Call): Answer {
  const number = textOf(keyIn(call));
  for (const account of call.state.accounts.values()) {
    const reservation = account.reservationOf(number);
    if (reservation === undefined) continue;
    return xml(`<?xml version="1.0"?>
<TNReservation>
    <ReservationID>${reservation.reservationId}</ReservationID>
    <Account>${account.id}</Account>
    <ReservationExpires>${reservation.secondsLeft}</ReservationExpires>
    <ReservedTN>${number}</ReservedTN>
</TNReservation>
`);
  }
  return xml(unknownNumber, 404);
}

export function tnRoutes(): Route[] {
  const writeNumbers = createNumberWriter();
  return [
    { method: 'GET', path: '/tns/:tn', root, answer: read },
    { method: 'GET', path: '/tns/:tn/tndetails', root, answer: (call) => readDetails(call, writeNumbers) },
    { method: 'GET', path: '/tns/:tn/history', root, answer: readHistory },
    { method: 'GET', path: '/tns/:tn/tnreservation', root, answer: readReservation },
  ];
}
