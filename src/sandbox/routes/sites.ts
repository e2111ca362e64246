import { type Answer, badRequest, empty, notFound, xml } from '../answer.js';
import type { SandboxLocation } from '../locations.js';
import { textOf } from '../number-key.js';
import { sizeOf } from '../parameters.js';
import { accountOf, type Call, type Route } from '../route.js';
import { line, xmlDeclaration } from '../xml.js';

const i = '            ';

function listSites(call: Call): Answer {
  const sites = accountOf(call).sites();
  if (call.state.oddities['empty-sites']) return empty(204);
  const items = sites.map(
    ({ siteId, name, description }) =>
      `        <Site>\n${line(i, 'Id', siteId)}${line(i, 'Name', name)}${line(i, 'Description', description)}        </Site>\n`,
  );
  return xml(`<?xml version="1.0"?>\n<SitesResponse>\n    <Sites>\n${items.join('')}    </Sites>\n</SitesResponse>\n`);
}

function siteOf(call: Call) {
  return accountOf(call)
    .sites()
    .find(({ siteId }) => siteId === call.params.siteId);
}

function listPeers(call: Call): Answer {
  const site = siteOf(call);
  if (site === undefined) return notFound('TNSipPeersResponse');
  return xml(`${xmlDeclaration}<TNSipPeersResponse>
    <SipPeers>
${site.locations.map(peerXml).join('')}    </SipPeers>
</TNSipPeersResponse>
`);
}

/** With an XML namespace, as in the reference's example. Only `CallingName` and the address have content there. */
function peerXml({ sipPeerId, name, description, isDefault }: SandboxLocation): string {
  return `        <SipPeer xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="SipPeer">
${line(i, 'PeerId', sipPeerId)}${line(i, 'PeerName', name)}${line(i, 'Description', description)}${line(i, 'IsDefaultPeer', isDefault)}            <VoiceHosts>
                <Host>
                    <HostName>192.0.2.${sipPeerId.slice(-1)}</HostName>
                </Host>
            </VoiceHosts>
            <VoiceHostGroups/>
            <TerminationHosts/>
            <Address>
                <HouseNumber>904</HouseNumber>
                <HouseSuffix/>
                <StreetName>Pii Street</StreetName>
                <City>Raleigh</City>
                <StateCode>NC</StateCode>
                <Zip>27601</Zip>
                <PlusFour/>
                <Country>United States</Country>
                <AddressType>Service</AddressType>
            </Address>
            <CallingName>
                <Display>true</Display>
                <Enforced>false</Enforced>
            </CallingName>
        </SipPeer>
`;
}

const tnsRoot = 'SipPeerTelephoneNumbersResponse';

function listNumbers(call: Call): Answer {
  const account = accountOf(call);
  const keys = keysOf(call);
  if (keys === undefined) return noSuchPeer(call, tnsRoot);
  const size = sizeOf(call, { root: tnsRoot, defaultSize: 5000, maxSize: 5000 });
  const { page = '1', includeAttributes = 'true' } = call.query;
  if (!/^[1-9]\d{0,8}$/.test(page)) throw badRequest(tnsRoot, `The page '${page}' is invalid`);
  const skip = (Number(page) - 1) * size;
  const numbers = call.applyShortList(keys.slice(skip, skip + size).map(textOf));
  const details = (number: string): string => {
    if (includeAttributes === 'false') return '';
    const attributes = account.attributesOf(number).map((each) => line(`${i}        `, 'TnAttribute', each));
    // Each of these elements is there for some numbers only.
    const forwards = number.endsWith('7') ? line(`${i}    `, 'CallForward', '2015550199') : '';
    const messages = number.endsWith('3')
      ? `${i}    <MessagingSettings>\n${i}        <SmsEnabled>true</SmsEnabled>\n${i}    </MessagingSettings>\n`
      : '';
    const list =
      attributes.length === 0 ? '' : `${i}    <TnAttributes>\n${attributes.join('')}${i}    </TnAttributes>\n`;
    return `${forwards}${line(`${i}    `, 'CallingNameDisplay', number.endsWith('1'))}${list}${messages}`;
  };
  const items = numbers.map(
    (number) =>
      `        <SipPeerTelephoneNumber>\n${line(`${i}    `, 'FullNumber', number)}${details(number)}        </SipPeerTelephoneNumber>\n`,
  );
  return xml(`${xmlDeclaration}<${tnsRoot}>
    <SipPeerTelephoneNumbers>
${items.join('')}    </SipPeerTelephoneNumbers>
</${tnsRoot}>
`);
}

const countRoot = 'SipPeerTelephoneNumbersCountResponse';

function countNumbers(call: Call): Answer {
  const keys = keysOf(call);
  if (keys === undefined) return noSuchPeer(call, countRoot);
  return xml(`${xmlDeclaration}<${countRoot}>
    <SipPeerTelephoneNumbersCount>
        <SipPeerTelephoneNumbersCount>${keys.length}</SipPeerTelephoneNumbersCount>
        <CnamCount>${keys.length}</CnamCount>
        <LidbCount>0</LidbCount>
    </SipPeerTelephoneNumbersCount>
</${countRoot}>
`);
}

function keysOf(call: Call): readonly number[] | undefined {
  return accountOf(call).keysAt(call.params.siteId ?? '', call.params.sipPeerId ?? '');
}

function noSuchPeer({ params }: Call, root: string): Answer {
  const { accountId, siteId, sipPeerId } = params;
  const description = `Sip Peer '${sipPeerId}' account '${accountId}' and site '${siteId}' does not exist`;
  return badRequest(root, description, '13563').answer;
}

export function siteRoutes(): Route[] {
  const peers = '/accounts/:accountId/sites/:siteId/sippeers';
  return [
    { method: 'GET', path: '/accounts/:accountId/sites', root: 'SitesResponse', answer: listSites },
    { method: 'GET', path: peers, root: 'TNSipPeersResponse', answer: listPeers },
    { method: 'GET', path: `${peers}/:sipPeerId/tns`, root: tnsRoot, list: true, answer: listNumbers },
    { method: 'GET', path: `${peers}/:sipPeerId/totaltns`, root: countRoot, answer: countNumbers },
  ];
}
