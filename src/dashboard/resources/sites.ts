import { accountPath } from '../describe-orders.js';
import type { ListResource, SnapshotDescription } from '../resource.js';

/** The account's sub-accounts (sites). Each has a list of its locations (SIP peers), and each location one of its numbers. */
export const sites: SnapshotDescription = {
  type: 'snapshot',
  name: 'sites',
  place: 25,
  titles: { one: 'sub-account', many: 'sub-accounts and locations (sites)' },
  job: { name: 'sync-sites', summary: 'sub-accounts and locations, and which numbers are there' },
  permission: {},
  optional: true,
  list: {
    name: 'sites',
    path: accountPath('sites'),
    query: () => ({}),
    container: 'SitesResponse.Sites',
    item: 'Site',
    key: 'Id',
    fields: ['Id', 'Name', 'Description'],
    emptyStatuses: [204, 404],
  },
};

const peersPath = (account: string, siteId: string) =>
  `${sites.list.path(account)}/${encodeURIComponent(siteId)}/sippeers`;

/** The locations (SIP peers) of a sub-account. */
export function sipPeersOf(siteId: string): ListResource {
  return {
    name: 'sites',
    path: (account) => peersPath(account, siteId),
    query: () => ({}),
    container: 'TNSipPeersResponse.SipPeers',
    item: 'SipPeer',
    key: 'PeerId',
    fields: ['PeerId', 'PeerName', 'Description', 'IsDefaultPeer'],
    aliases: { peerId: 'PeerId' },
    emptyStatuses: [204, 404],
  };
}

/** How many numbers of a location a page has at most. */
export const numbersPerPage = 5000;

/** A location and its sub-account. */
export interface Location {
  siteId: string;
  sipPeerId: string;
}

/**
 * The numbers of a location, with their attributes. The list has neither links nor a total: `…/totaltns` says how many it must have.
 *
 * @param numberedPages which page is the last
 */
export function numbersOfLocation(
  { siteId, sipPeerId }: Location,
  numberedPages: NonNullable<ListResource['numberedPages']>,
): ListResource {
  const path = (account: string) => `${peersPath(account, siteId)}/${encodeURIComponent(sipPeerId)}`;
  return {
    name: 'sites',
    path: (account) => `${path(account)}/tns`,
    // The default, but not documented as such: numbers listed without attributes would look as if they had none.
    query: () => ({ includeAttributes: 'true' }),
    pageSize: numbersPerPage,
    numberedPages,
    container: 'SipPeerTelephoneNumbersResponse.SipPeerTelephoneNumbers',
    item: 'SipPeerTelephoneNumber',
    totals: (account) => `${path(account)}/totaltns`,
    totalsCount: [
      'SipPeerTelephoneNumbersCountResponse',
      'SipPeerTelephoneNumbersCount',
      'SipPeerTelephoneNumbersCount',
    ].join('.'),
    key: 'FullNumber',
    fields: ['FullNumber'],
    emptyStatuses: [204, 404],
  };
}
