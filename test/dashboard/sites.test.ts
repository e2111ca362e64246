import test from 'ava';
import { parseApiErrors } from '../../src/dashboard/errors.js';
import { type ListPage, parseListPage } from '../../src/dashboard/list-page.js';
import { type Page, readPages, readTotal } from '../../src/dashboard/pager.js';
import type { ListResource } from '../../src/dashboard/resource.js';
import { numbersOfLocation, sipPeersOf, sites } from '../../src/dashboard/resources/sites.js';
import { parseXml, type XmlValue } from '../../src/dashboard/xml.js';
import { listingOf } from '../../src/sync/locations/read-numbers.js';
import { collectWarnings } from '../../src/sync/value-warnings.js';
import { clientFor, sendXml, serve } from './support.js';

// Payloads with the shapes of the reference's examples, with data of our own.

const siteList = `<?xml version="1.0"?>
<SitesResponse>
    <Sites>
        <Site>
            <Id>3001</Id>
            <Name>Durham</Name>
            <Description>First</Description>
        </Site>
        <Site>
            <Id>3002</Id>
            <Name>CARYSITEa</Name>
            <Description>Second</Description>
        </Site>
    </Sites>
</SitesResponse>
`;

/** As the resource of a single sub-account shows it; the list may show it so, too. */
const wholeSite = `<SitesResponse><Sites><Site>
    <Id>3003</Id>
    <Name>Apex</Name>
    <Description>Gateway</Description>
    <CustomerName>Pii Company</CustomerName>
    <CustomerProvidedId>0123456789</CustomerProvidedId>
    <Address>
        <HouseNumber>12</HouseNumber>
        <StreetName>PII</StreetName>
        <City>APEX</City>
        <StateCode>NC</StateCode>
        <Zip>27502</Zip>
        <Country>US</Country>
        <AddressType>Service</AddressType>
    </Address>
    <!-- Only on some accounts. -->
    <UcTrunkingConfiguration>
        <Type>Seats</Type>
        <UsageCategory>UC500</UsageCategory>
    </UcTrunkingConfiguration>
</Site></Sites></SitesResponse>`;

const peerList = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<TNSipPeersResponse>
    <SipPeers>
        <SipPeer xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="SipPeer">
            <PeerId>500001</PeerId>
            <PeerName>CNAM-1</PeerName>
            <Description>trunk</Description>
            <IsDefaultPeer>false</IsDefaultPeer>
            <VoiceHosts>
                <Host>
                    <HostName>192.0.2.1</HostName>
                </Host>
                <Host>
                    <HostName>192.0.2.2</HostName>
                </Host>
            </VoiceHosts>
            <VoiceHostGroups/>
            <TerminationHosts>
                <TerminationHost>
                    <HostName>192.0.2.96/30</HostName>
                    <Port>0</Port>
                    <CustomerTrafficAllowed>DOMESTIC</CustomerTrafficAllowed>
                </TerminationHost>
            </TerminationHosts>
            <Address>
                <HouseNumber>12</HouseNumber>
                <HouseSuffix/>
                <StreetName>Pii Avenue</StreetName>
                <City>Apex</City>
                <StateCode>NC</StateCode>
                <Zip>27502</Zip>
                <County/>
                <Country>United States</Country>
                <AddressType>Service</AddressType>
            </Address>
            <PremiseTrunks>PremiseTrunks</PremiseTrunks>
            <CallingName>
                <Display>true</Display>
                <Enforced>false</Enforced>
            </CallingName>
        </SipPeer>
    </SipPeers>
</TNSipPeersResponse>
`;

const numberList = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<SipPeerTelephoneNumbersResponse>
    <SipPeerTelephoneNumbers>
        <SipPeerTelephoneNumber>
            <FullNumber>9195550001</FullNumber>
            <CallingNameDisplay>true</CallingNameDisplay>
            <TnAttributes>
                <TnAttribute>Protected</TnAttribute>
                <TnAttribute>External</TnAttribute>
                <TnAttribute>Imported</TnAttribute>
            </TnAttributes>
            <MessagingSettings>
                <SmsEnabled>true</SmsEnabled>
            </MessagingSettings>
        </SipPeerTelephoneNumber>
        <SipPeerTelephoneNumber>
            <FullNumber>9195550002</FullNumber>
            <CallingNameDisplay>false</CallingNameDisplay>
            <MessagingSettings>
                <SmsEnabled>true</SmsEnabled>
            </MessagingSettings>
        </SipPeerTelephoneNumber>
        <SipPeerTelephoneNumber>
            <FullNumber>9195550003</FullNumber>
            <CallForward>2015550199</CallForward>
            <CallingNameDisplay>false</CallingNameDisplay>
        </SipPeerTelephoneNumber>
    </SipPeerTelephoneNumbers>
</SipPeerTelephoneNumbersResponse>
`;

const total = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<SipPeerTelephoneNumbersCountResponse>
    <SipPeerTelephoneNumbersCount>
        <SipPeerTelephoneNumbersCount>4</SipPeerTelephoneNumbersCount>
        <CnamCount>4</CnamCount>
        <LidbCount>0</LidbCount>
    </SipPeerTelephoneNumbersCount>
</SipPeerTelephoneNumbersCountResponse>
`;

const location = { siteId: '3001', sipPeerId: '500001' };
const numbers = numbersOfLocation(location, 'until short');

/** Every text of a document or a page. */
function textsIn(value: XmlValue | undefined): string[] {
  if (value === undefined || value === '') return [];
  if (typeof value === 'string') return [value];
  return Object.values(value).flatMap(textsIn);
}

const textsOf = ({ items, document }: ListPage): string[] => [
  ...items.flatMap(({ values, extra }) => [...textsIn(values.map((value) => value ?? '')), ...textsIn(extra)]),
  ...textsIn(document),
];

const lists: readonly [string, string, ListResource, number][] = [
  ['sub-accounts', siteList, sites.list, 2],
  ['a whole sub-account', wholeSite, sites.list, 1],
  ['locations', peerList, sipPeersOf('3001'), 1],
  ['numbers of a location', numberList, numbers, 3],
];

for (const [what, payload, resource, count] of lists) {
  test(`a list of ${what} is read without loss`, (t) => {
    const page = parseListPage(payload, resource);
    t.is(page.items.length, count);
    t.deepEqual(textsOf(page).sort(), textsIn(parseXml(payload)).sort());
  });
}

test('the total of a location is its count of numbers', async (t) => {
  const server = await serve(t, (_request, response) => sendXml(response, total));
  const { client } = clientFor(t, server);
  t.is(await readTotal(client, numbers, '9900000'), 4);
  t.is(server.received[0]?.path, '/api/accounts/9900000/sites/3001/sippeers/500001/totaltns');
});

test('a response without a count is refused', async (t) => {
  const server = await serve(t, (_request, response) => sendXml(response, siteList));
  const { client } = clientFor(t, server);
  await t.throwsAsync(readTotal(client, numbers, '9900000'), {
    message:
      /expected <SipPeerTelephoneNumbersCountResponse><SipPeerTelephoneNumbersCount><SipPeerTelephoneNumbersCount> with a number/,
  });
});

test('attributes are stored sorted; without other elements they are unknown, not none', (t) => {
  const warnings = collectWarnings();
  const { toRow, resource } = listingOf(location, 'until short');
  const rowsOf = (payload: string) =>
    parseListPage(payload, resource).items.map((item) => toRow(item, warnings, '9900000'));
  const key = (number: string) => [number, '3001', '500001'];
  t.deepEqual(rowsOf(numberList), [
    [
      ...key('9195550001'),
      '{"External","Imported","Protected"}',
      '{"CallingNameDisplay":"true","MessagingSettings":{"SmsEnabled":"true"}}',
    ],
    [...key('9195550002'), '{}', '{"CallingNameDisplay":"false","MessagingSettings":{"SmsEnabled":"true"}}'],
    [...key('9195550003'), '{}', '{"CallingNameDisplay":"false","CallForward":true}'],
  ]);
  const only = (children: string) =>
    rowsOf(
      `<SipPeerTelephoneNumbersResponse><SipPeerTelephoneNumbers><SipPeerTelephoneNumber><FullNumber>9195550001</FullNumber>${children}</SipPeerTelephoneNumber></SipPeerTelephoneNumbers></SipPeerTelephoneNumbersResponse>`,
    )[0]?.[3];
  t.is(only(''), null);
  t.is(only('<TnAttributes/>'), '{}');
  t.is(only('<TnAttributes><TnAttribute>Say "so"</TnAttribute></TnAttributes>'), '{"Say \\"so\\""}');
  t.deepEqual(warnings.sentences(), []);
  t.is(only('<TnAttributes><Other>1</Other></TnAttributes>'), null);
  t.is(only('<TnAttributes>Imported</TnAttributes>'), null);
  t.regex(warnings.sentences().join(), /^2 × attributes that are not a list of texts \(unknown\)/);
});

test('errors of locations are recognized', (t) => {
  const error = `<SipPeerResponse><ResponseStatus><ErrorCode>13563</ErrorCode>
    <Description>Sip Peer '500009' account '9900000' and site '45' does not exist</Description></ResponseStatus></SipPeerResponse>`;
  t.deepEqual(
    parseApiErrors(parseXml(error)).map(({ code }) => code),
    ['13563'],
  );
});

/** Reads a list whose pages have these numbers of entries. */
async function pagesRead(
  t: Parameters<typeof serve>[0],
  lastPage: 'until short' | 'until empty',
  entries: readonly number[],
): Promise<string[]> {
  const page = (nth: number, count: number) =>
    Array.from(
      { length: count },
      (_, index) => `<SipPeerTelephoneNumber><FullNumber>91955${nth}000${index}</FullNumber></SipPeerTelephoneNumber>`,
    ).join('');
  const server = await serve(t, ({ query }, response) => {
    const nth = Number(query.get('page'));
    const items = page(nth, entries[nth - 1] ?? 0);
    sendXml(
      response,
      `<SipPeerTelephoneNumbersResponse><SipPeerTelephoneNumbers>${items}</SipPeerTelephoneNumbers></SipPeerTelephoneNumbersResponse>`,
    );
  });
  const { client } = clientFor(t, server);
  const resource = numbersOfLocation(location, lastPage);
  const read: Page[] = [];
  for await (const each of readPages({ client, resource, account: '9900000', pageSize: 2 })) read.push(each);
  t.is(
    read.flatMap(({ items }) => items).length,
    entries.reduce((sum, count) => sum + count, 0),
  );
  return server.received.map(({ query }) => query.get('page') ?? '');
}

test('numbered pages end with the first short one, or, after full pages, with an empty one', async (t) => {
  t.deepEqual(await pagesRead(t, 'until short', [2, 2, 1]), ['1', '2', '3']);
  t.deepEqual(await pagesRead(t, 'until short', [2, 2]), ['1', '2', '3']);
  t.deepEqual(await pagesRead(t, 'until short', []), ['1']);
});

test('numbered pages can be read to an empty one although all are short', async (t) => {
  t.deepEqual(await pagesRead(t, 'until empty', [1, 1, 1]), ['1', '2', '3', '4']);
});
