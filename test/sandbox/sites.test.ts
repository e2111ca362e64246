import test from 'ava';
import { get, parse, sandboxFor } from './client.js';

const path = '/accounts/9900000/sites';

/** The elements of a list as an array, whether there are none, one or several. */
const listOf = <T>(value: T | readonly T[] | undefined): T[] => (value === undefined ? [] : ([value].flat() as T[]));

test('sub-accounts, locations, their numbers and totals are those that sites() returns', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 500 });
  const held = sandbox.account('9900000');
  const truth = held.sites();
  const { Site } = parse((await get(sandbox, path)).body).SitesResponse.Sites;
  t.deepEqual(
    Site.map(({ Id, Name }: { Id: string; Name: string }) => [Id, Name]),
    truth.map(({ siteId, name }) => [siteId, name]),
  );
  for (const { siteId, locations } of truth) {
    const peers = parse((await get(sandbox, `${path}/${siteId}/sippeers`)).body).TNSipPeersResponse.SipPeers;
    t.deepEqual(
      listOf<{ PeerId: string; IsDefaultPeer: string }>(peers.SipPeer).map((peer) => [peer.PeerId, peer.IsDefaultPeer]),
      locations.map(({ sipPeerId, isDefault }) => [sipPeerId, String(isDefault)]),
    );
    for (const { sipPeerId, numbers } of locations) {
      const below = `${path}/${siteId}/sippeers/${sipPeerId}`;
      const list = parse((await get(sandbox, `${below}/tns`)).body).SipPeerTelephoneNumbersResponse;
      const items = listOf<{ FullNumber: string; TnAttributes?: { TnAttribute: string } }>(
        list.SipPeerTelephoneNumbers.SipPeerTelephoneNumber,
      );
      t.deepEqual(
        items.map(({ FullNumber, TnAttributes }) => [FullNumber, listOf(TnAttributes?.TnAttribute)]),
        numbers.map((number) => [number, held.attributesOf(number)]),
      );
      const count = parse((await get(sandbox, `${below}/totaltns`)).body).SipPeerTelephoneNumbersCountResponse;
      t.is(count.SipPeerTelephoneNumbersCount.SipPeerTelephoneNumbersCount, String(numbers.length));
    }
  }
  const counts = truth.flatMap(({ locations }) => locations.map(({ numbers }) => numbers.length));
  t.deepEqual(counts.filter((count) => count === 0).length, 1);
  t.is(
    counts.reduce((sum, count) => sum + count, 0),
    held.inServiceCount,
  );
});

test('pages are numbered, and without attributes each entry is only a number', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 100 });
  const [site] = sandbox.account('9900000').sites();
  const [location] = site?.locations ?? [];
  const below = `${path}/${site?.siteId}/sippeers/${location?.sipPeerId}/tns`;
  const read: string[] = [];
  for (let page = 1; read.length < (location?.numbers.length ?? 0); page += 1) {
    const { body } = await get(sandbox, `${below}?page=${page}&size=25&includeAttributes=false`);
    t.notRegex(body, /TnAttribute|CallingNameDisplay|next/);
    read.push(...[...body.matchAll(/<FullNumber>(.*?)</g)].map(([, number = '']) => number));
  }
  t.deepEqual(read, location?.numbers);
});

test('what is not there is an error of the API, and without the role everything is 403', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 10 });
  const { status, body } = await get(sandbox, `${path}/3001/sippeers/1/totaltns`);
  t.is(status, 400);
  t.is(parse(body).SipPeerTelephoneNumbersCountResponse.ResponseStatus.ErrorCode, '13563');
  t.is((await get(sandbox, `${path}/1/sippeers`)).status, 404);
  sandbox.oddities = { 'empty-sites': 1 };
  t.is((await get(sandbox, path)).status, 204);
  sandbox.oddities = { 'forbid-sites': 1 };
  for (const each of ['', '/3001/sippeers', '/3001/sippeers/500001/tns', '/3001/sippeers/500001/totaltns']) {
    t.is((await get(sandbox, `${path}${each}`)).status, 403, each);
  }
});
