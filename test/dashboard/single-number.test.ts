import test, { type ExecutionContext } from 'ava';
import { ApiError } from '../../src/dashboard/errors.js';
import {
  type Found,
  type NumberRequest,
  readNumberHistory,
  readReservation,
  readSingleNumber,
} from '../../src/dashboard/single-number.js';
import { parseXml, type XmlValue } from '../../src/dashboard/xml.js';
import { clientFor, type Handler, sendXml, serve } from './support.js';

// Payloads with the shapes of the reference's examples, with data of our own. Every text in them must be in what is read, except for
// what is about a subscriber, which must not.

const history = `<TelephoneNumberResponse> <TelephoneNumberStatuses>
<TelephoneNumberStatus> <AccountId>9900753</AccountId> <LastModifiedDate>2024-07-29T13:42:49.789Z</LastModifiedDate> <OrderCreateDate>2024-07-29T13:42:33.000Z</OrderCreateDate> <OrderId>0a5e0da9-0000-4626-86fd-000000000001</OrderId> <Status>Available</Status> <UserId>stock</UserId> <OrderType>IMPORT_AVAILABLE_ORDER</OrderType> </TelephoneNumberStatus>
<TelephoneNumberStatus> <AccountId>9900014</AccountId> <LastModifiedDate>2024-07-30T11:07:10.585Z</LastModifiedDate> <OrderCreateDate>2024-07-30T11:07:10.537Z</OrderCreateDate> <OrderId>0a5e0da9-0000-4626-86fd-000000000002</OrderId> <Status>Inservice</Status> <UserId>ann</UserId> <OrderType>NEW_NUMBER_ORDER</OrderType> </TelephoneNumberStatus>
<TelephoneNumberStatus> <AccountId>9900014</AccountId> <LastModifiedDate>2024-07-30T11:24:17.834Z</LastModifiedDate> <OrderCreateDate>2024-07-30T11:24:17.834Z</OrderCreateDate> <OrderId>0a5e0da9-0000-4626-86fd-000000000003</OrderId> <Status>Inservice</Status> <UserId>ann</UserId> <OrderType>DLDA_ORDER</OrderType> <OrderStatus>RECEIVED</OrderStatus> </TelephoneNumberStatus>
<TelephoneNumberStatus> <AccountId>9900014</AccountId> <LastModifiedDate>2024-07-30T11:24:22.224Z</LastModifiedDate> <OrderCreateDate>2024-07-30T11:24:17.834Z</OrderCreateDate> <OrderId>0a5e0da9-0000-4626-86fd-000000000003</OrderId> <Status>Inservice</Status> <UserId>ann</UserId> <OrderType>DLDA_ORDER</OrderType> <OrderStatus>PARTIAL</OrderStatus> </TelephoneNumberStatus>
</TelephoneNumberStatuses> <TelephoneNumber>9195550123</TelephoneNumber> </TelephoneNumberResponse>`;

const features = `<Features>
  <E911> <LastE911OrderOutcome>SUCCESS</LastE911OrderOutcome> <SipPeerAddress>false</SipPeerAddress> <CallerName>Pii Caller</CallerName>
    <Address> <HouseNumber>Pii901</HouseNumber> <StreetName>PII CAMPUS</StreetName> <StreetSuffix>PIIDR</StreetSuffix> <City>PIIRALEIGH</City> <StateCode>PIINC</StateCode> <Zip>Pii27606</Zip> <PlusFour>Pii5244</PlusFour> <Country>Pii United States</Country> </Address>
    <EmergencyNotificationGroup> <Identifier>Pii-625e3ad9</Identifier> <Description>Pii Building A</Description> </EmergencyNotificationGroup> </E911>
  <Lidb> <Status>Pending</Status> <SubscriberInformation>Pii Fred</SubscriberInformation> <UseType>PIIBUSINESS</UseType> <Visibility>PIIPUBLIC</Visibility> </Lidb>
  <Dlda> <Status>Success</Status> <SubscriberType>PIIBUSINESS</SubscriberType> <ListingType>PIILISTED</ListingType> <ListingName> <FirstName>PiiJoe</FirstName> <LastName>PiiSmith</LastName> </ListingName> <ListAddress>piitrue</ListAddress>
    <Address> <HouseNumber>Pii12</HouseNumber> <StreetName>PIIELM</StreetName> <City>Pii York</City> <AddressType>PiiDlda</AddressType> </Address> </Dlda>
</Features>`;

// The stray angle bracket after Nnid is in the reference, too.
const details = `<TelephoneNumberResponse> <TelephoneNumberDetails> <City>DURHAM</City> <Lata>426</Lata> <State>NC</State> <FullNumber>9195550123</FullNumber> <Tier>0</Tier> <VendorId>49</VendorId> <VendorName>Own CLEC</VendorName> <OnNetVendor>true</OnNetVendor> <RateCenter>DURHAM RC</RateCenter> <Status>Inservice</Status> <AccountId>9900014</AccountId> <Site> <Id>4790</Id> <Name>site_own</Name> </Site> <SipPeer> <PeerId>500914</PeerId> <PeerName>peer-own</PeerName> </SipPeer> <ServiceTypes> <ServiceType>Voice</ServiceType> <ServiceType>Messaging</ServiceType> </ServiceTypes> <LastModified>2024-07-30T11:29:37.000Z</LastModified> <InServiceDate>2024-07-30T11:29:36.000Z</InServiceDate> ${features} <MessagingSettings> <SmsEnabled>true</SmsEnabled> <AssignedNNRoute> <Nnid>109601</Nnid>> <Name>Own Mobility</Name> </AssignedNNRoute> </MessagingSettings> <TnAttributes> <TnAttribute>Protected</TnAttribute> <TnAttribute>External</TnAttribute> </TnAttributes> </TelephoneNumberDetails> </TelephoneNumberResponse>`;

const shared = `<TelephoneNumberResponse> <TelephoneNumberDetails> <City>DURHAM</City> <Lata>426</Lata> <State>NC</State> <FullNumber>9195550123</FullNumber> <Tier>0</Tier> <VendorId>49</VendorId> <VendorName>Own CLEC</VendorName> <RateCenter>DURHAM RC</RateCenter> <Status>Inservice</Status> <AccountId>9900014</AccountId> <Site> <Id>4790</Id> <Name>site_own</Name> </Site> <SipPeer> <PeerId>500914</PeerId> <PeerName>peer-own</PeerName> </SipPeer> <ServiceTypes> <ServiceType>Voice</ServiceType> </ServiceTypes> <LastModified>2024-07-30T11:29:37.000Z</LastModified> <InServiceDate>2024-07-30T11:29:36.000Z</InServiceDate> ${features} <TnAttributes> <TnAttribute>Hosted</TnAttribute> </TnAttributes> <HostedTelephoneNumberDetails> <HostedTelephoneNumberDetail> <AccountId>9900160</AccountId> <Site> <Id>4870</Id> <Name>site_other</Name> </Site> <SipPeer> <PeerId>500926</PeerId> <PeerName>peer-other</PeerName> <IsDefaultPeer>true</IsDefaultPeer> </SipPeer> <ServiceTypes> <ServiceType>Hosted Messaging</ServiceType> </ServiceTypes> <MessagingSettings> <SmsEnabled>true</SmsEnabled> <CampaignId>own-campaign</CampaignId> <MessageClass>own class </MessageClass> <A2pState>overridden</A2pState> <AssignedNnRoute> <Nnid>2189991</Nnid> <Name>own-route</Name> </AssignedNnRoute> </MessagingSettings> <TnAttributes> <TnAttribute>Hosted</TnAttribute> </TnAttributes> </HostedTelephoneNumberDetail> </HostedTelephoneNumberDetails> </TelephoneNumberDetails> </TelephoneNumberResponse>`;

const foreign = `<TelephoneNumberResponse> <TelephoneNumberDetails> <FullNumber>+33140000001</FullNumber> <Country>FR</Country> <TnType>geographic</TnType> <VendorId>49</VendorId> <VendorName>Own CLEC</VendorName> <OnNetVendor>true</OnNetVendor> <Status>Inservice</Status> <AccountId>9900014</AccountId> <Site> <Id>123</Id> <Name>site</Name> </Site> <SipPeer> <PeerId>500901</PeerId> <PeerName>sippeer</PeerName> <IsDefaultPeer>false</IsDefaultPeer> </SipPeer> <ServiceTypes> <ServiceType>Voice</ServiceType> </ServiceTypes> <LastModified>2024-03-03T15:30:07.000Z</LastModified> <InServiceDate>2024-03-03T15:30:07.518Z</InServiceDate> </TelephoneNumberDetails> </TelephoneNumberResponse>`;

const reservation = `<?xml version="1.0"?> <TNReservation> <ReservationID>0a5e0da9-0000-408e-b7ad-000000000004</ReservationID> <Account>9900014</Account> <ReservationExpires>14346</ReservationExpires> <ReservedTN>9195550123</ReservedTN> </TNReservation>`;

const invalid = (root: string) =>
  `<${root}> <ResponseStatus> <ErrorCode>12512</ErrorCode> <Description>Telephone number '123456789' is not valid</Description> </ResponseStatus> </${root}>`;
const notFound = `<ErrorResponse> <irisStatus> <Code>404</Code> <Description>Results were not found.</Description> </irisStatus> </ErrorResponse>`;

/** The texts of a document with their paths. */
function leavesOf(value: XmlValue, path = ''): { path: string; text: string }[] {
  if (typeof value === 'string') return value === '' ? [] : [{ path, text: value }];
  if (Array.isArray(value)) return value.flatMap((each) => leavesOf(each, path));
  return Object.entries(value)
    .filter(([name]) => name !== '#text')
    .flatMap(([name, child]) => leavesOf(child, `${path}.${name}`));
}

const personal = /\.Features\.(?:E911\.(?!LastE911OrderOutcome)|(?:Lidb|Dlda)\.(?!Status$))/;

type Read<T> = (request: NumberRequest) => Promise<Found<T> | undefined>;

async function ask<T>(t: ExecutionContext, read: Read<T>, handler: Handler, number = '9195550123') {
  const server = await serve(t, handler);
  const { client } = clientFor(t, server);
  const answer = await read({ client, account: '9900014', number }).then(
    (found) => ({ found, error: undefined }),
    (error: unknown) => ({ found: undefined, error }),
  );
  return { ...answer, paths: server.received.map(({ url }) => url) };
}

const cases: readonly [title: string, read: Read<unknown>, xml: string, number: string][] = [
  ['the history', readNumberHistory, history, '9195550123'],
  ['the details', readSingleNumber, details, '9195550123'],
  ['the details of a shared number', readSingleNumber, shared, '9195550123'],
  ['the details of a number of another country', readSingleNumber, foreign, '+33140000001'],
  ['the reservation', readReservation, reservation, '9195550123'],
];

for (const [title, read, xml, number] of cases) {
  test(`${title}: nothing but what is about subscribers is lost`, async (t) => {
    const { found, error } = await ask(t, read, (_request, response) => sendXml(response, xml), number);
    t.is(error, undefined);
    const result = JSON.parse(
      JSON.stringify([found?.value, number], (_name, value) =>
        typeof value === 'number' || typeof value === 'boolean' ? String(value) : (value ?? ''),
      ),
    ) as XmlValue;
    const kept = new Set(leavesOf(result).map(({ text }) => text));
    const leaves = leavesOf(parseXml(xml));
    t.true(leaves.length > 3);
    t.deepEqual(
      leaves.filter(({ path, text }) => !personal.test(path) && !kept.has(text)),
      [],
    );
    t.notRegex(JSON.stringify(found), /pii/i);
    const others = [found?.value].flat().flatMap((each) => (each as { other?: string[] }).other ?? []);
    t.deepEqual(others, []);
  });
}

test('events are sorted by time, and elements without a field are named', async (t) => {
  const odd = history
    .replace('2024-07-29T13:42:49.789Z', '2024-08-29T13:42:49.789Z')
    .replace('<UserId>stock</UserId>', '<UserId>stock</UserId><Reason>odd</Reason>')
    .replace('2024-07-29T13:42:33.000Z', 'yesterday');
  const { found } = await ask(t, readNumberHistory, (_request, response) => sendXml(response, odd));
  const last = found?.value.at(-1);
  t.is(last?.status, 'Available');
  t.deepEqual(last?.other, ['OrderCreateDate', 'Reason']);
});

const readers: readonly Read<unknown>[] = [readNumberHistory, readSingleNumber, readReservation];

test('404 and 204 mean that the API does not know the number, in either spelling', async (t) => {
  for (const read of readers) {
    const { found, error, paths } = await ask(t, read, (_request, response, index) =>
      index === 0 ? sendXml(response, notFound, 404) : response.writeHead(204).end(),
    );
    t.deepEqual([found, error], [undefined, undefined]);
    t.is(paths.length, 2);
    t.regex(paths[1] ?? '', /\/tns\/%2B19195550123\//);
  }
});

test('a number that is known only with +1 is found', async (t) => {
  const { found } = await ask(t, readReservation, (request, response) =>
    request.url.includes('%2B1')
      ? sendXml(response, reservation.replace('9195550123', '+19195550123'))
      : sendXml(response, invalid('TNReservation'), 400),
  );
  t.is(found?.spelling, '+19195550123');
  t.is(found?.value.expiresIn, 14_346);
});

test('400 and 403 are errors that say why', async (t) => {
  const roles = [/histories of single numbers/, /number details/, /reservations of single numbers/];
  for (const [n, read] of readers.entries()) {
    const bad = await ask(t, read, (_request, response) => sendXml(response, invalid('A'), 400));
    t.true(bad.error instanceof ApiError);
    t.regex(String(bad.error), /12512/);
    const { error } = await ask(t, read, (_request, response) => response.writeHead(403).end());
    t.true(error instanceof ApiError && error.lacksRole);
    t.regex(String(error), roles[n] as RegExp);
  }
});

test('the answer for another number is not accepted', async (t) => {
  for (const [n, xml] of [history, details, reservation].entries()) {
    const { error } = await ask(
      t,
      readers[n] as Read<unknown>,
      (_request, response) => sendXml(response, xml),
      '9195550124',
    );
    t.regex(String(error), /expected the number 9195550124/);
  }
});
