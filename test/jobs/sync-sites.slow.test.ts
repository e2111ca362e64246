import anyTest, { type TestFn } from 'ava';
import type { SandboxAccount } from '../../src/sandbox/server.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account, type Ledger, leftovers, openLedger } from '../sync/support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const job = 'sync-sites';
const main = '500001';
const spare = '500002';
const denver = '500003';

/** With pages of 100 numbers at most, although the job asks for 5000. */
const inSmallPages = { pageSize: 100 };

async function openWithNumbers(
  t: Parameters<typeof openLedger>[0],
  server: TestServer,
  { numbers = 400, ...options }: { numbers?: number; pageSize?: number } = {},
) {
  const ledger = await openLedger(t, server, { sandbox: { numbers }, ...options });
  for (const numbersJob of ['sync-inservice-numbers', 'sync-number-details']) await succeed(ledger, numbersJob);
  return { ledger, held: ledger.sandbox.account(account) };
}

async function succeed(ledger: Ledger, name = job, options: Parameters<Ledger['run']>[1] = {}) {
  const report = await ledger.run(name, options);
  if (report.result !== 'succeeded') throw report.error ?? new Error(report.result);
  return report;
}

/** Every number at a location in the ledger, and in the sandbox: `number site location`. */
async function places(ledger: Ledger): Promise<string[]> {
  const rows = await ledger.query<{ line: string }>(
    `select concat_ws(' ', telephone_number, site_id, sip_peer_id) as line from telephone_numbers
      where removed_at is null and sip_peer_id is not null order by 1`,
  );
  return rows.map(({ line }) => line);
}

function expectedPlaces(held: SandboxAccount): string[] {
  return held
    .sites()
    .flatMap(({ siteId, locations }) =>
      locations.flatMap(({ sipPeerId, numbers }) => numbers.map((number) => `${number} ${siteId} ${sipPeerId}`)),
    )
    .sort();
}

async function history(ledger: Ledger, number: string): Promise<(string | null)[]> {
  const rows = await ledger.query<{ line: string }>(
    `select coalesce(sip_peer_id, '-') || case when valid_to is null then ' open' else ' ended' end as line
       from number_location_history where telephone_number = $1 order by valid_from`,
    [number],
  );
  return rows.map(({ line }) => line);
}

/** Paths below the account of the requests that the job sent. */
function requested(ledger: Ledger): string[] {
  return ledger.sandbox.requests
    .filter(({ path }) => path.includes('/sites'))
    .map(
      ({ path, query }) => `${path.replace(/^.*\/sites/, 'sites')}${query.page === undefined ? '' : ` ${query.page}`}`,
    );
}

const someAt = (held: SandboxAccount, sipPeerId: string): string[] =>
  held.sites().flatMap(({ locations }) => locations.find((each) => each.sipPeerId === sipPeerId)?.numbers ?? []);

test('every number gets the location and attributes of the sandbox, and a second run writes nothing', async (t) => {
  const { ledger, held } = await openWithNumbers(t, t.context.server, inSmallPages);
  const { warnings } = await succeed(ledger);
  t.deepEqual(warnings, []);
  t.true(someAt(held, main).length > 200, 'more than two pages');
  t.deepEqual(await places(ledger), expectedPlaces(held));
  t.deepEqual(
    await ledger.query(`select site_id, name, description, raw, removed_at from sites order by site_id`),
    held.sites().map(({ siteId, name, description }) => ({
      ...{ site_id: siteId, name, description: description ?? null, raw: null, removed_at: null },
    })),
  );
  t.deepEqual(
    await ledger.query(
      `select site_id, sip_peer_id, name, description, is_default, number_count::int from sip_peers order by sip_peer_id`,
    ),
    held.sites().flatMap(({ siteId, locations }) =>
      locations.map(({ sipPeerId, name, description, isDefault, numbers }) => ({
        ...{ site_id: siteId, sip_peer_id: sipPeerId, name, description: description ?? null },
        ...{ is_default: isDefault, number_count: numbers.length },
      })),
    ),
  );
  const rows = await ledger.query<{ telephone_number: string; tn_attributes: string[] }>(
    `select telephone_number, tn_attributes from telephone_numbers where sip_peer_id is not null`,
  );
  t.true(rows.some(({ tn_attributes }) => tn_attributes.includes('Protected')));
  for (const { telephone_number, tn_attributes } of rows) {
    t.deepEqual(tn_attributes, held.attributesOf(telephone_number).sort(), telephone_number);
  }
  t.is((await ledger.query('select from number_location_history where valid_to is null')).length, rows.length);
  t.is((await succeed(ledger)).counts.rowsWritten, 0);
  t.deepEqual(await leftovers(ledger), []);
});

test('no street address and no forwarding number is stored', async (t) => {
  const { ledger, held } = await openWithNumbers(t, t.context.server, { numbers: 100 });
  await succeed(ledger);
  const [peer] = await ledger.query<{ raw: object }>(`select raw from sip_peers where sip_peer_id = $1`, [main]);
  t.deepEqual(peer?.raw, {
    VoiceHosts: { Host: { HostName: '192.0.2.1' } },
    Address: { City: 'Raleigh', StateCode: 'NC', Country: 'United States', AddressType: 'Service' },
    CallingName: { Display: 'true', Enforced: 'false' },
  });
  const forwarded = someAt(held, main).find((number) => number.endsWith('7'));
  const [row] = await ledger.query('select location_settings from telephone_numbers where telephone_number = $1', [
    forwarded,
  ]);
  t.deepEqual(row, { location_settings: { CallForward: true, CallingNameDisplay: 'false' } });
});

test('a later run asks an empty location only for its total, and finds a number that moved there', async (t) => {
  const { ledger, held } = await openWithNumbers(t, t.context.server, { numbers: 60 });
  const lists = ['sites', 'sites/3001/sippeers', 'sites/3002/sippeers', 'sites/3003/sippeers'];
  const numbers = (of: string) => `sites/${of}/tns 1`;
  const total = (of: string) => `sites/${of}/totaltns`;
  const all = [`3001/sippeers/${main}`, `3001/sippeers/${spare}`, `3002/sippeers/${denver}`, '3002/sippeers/500004'];
  ledger.sandbox.clearRequests();
  await succeed(ledger);
  t.deepEqual(requested(ledger), [...lists, ...all.map(numbers), ...all.map(total)]);
  ledger.sandbox.clearRequests();
  await succeed(ledger);
  const others = all.filter((of) => !of.endsWith(spare));
  t.deepEqual(requested(ledger), [...lists, ...others.map(numbers), ...all.map(total)]);
  const [moving] = someAt(held, main);
  held.moveNumbers([moving as string], spare);
  await succeed(ledger);
  t.deepEqual(await places(ledger), expectedPlaces(held));
  t.deepEqual(await history(ledger, moving as string), [`${main} ended`, `${spare} open`]);
});

test('a number at no location keeps none and its attributes, is reported, and its history says since when', async (t) => {
  const { ledger, held } = await openWithNumbers(t, t.context.server);
  await succeed(ledger);
  const [stray] = someAt(held, denver);
  held.moveNumbers([stray as string], undefined);
  const { warnings } = await succeed(ledger);
  t.deepEqual(warnings, [`Numbers in service on account ${account} that no location lists: 1, such as ${stray}.`]);
  t.deepEqual(
    await ledger.query(
      'select site_id, sip_peer_id, tn_attributes from telephone_numbers where telephone_number = $1',
      [stray],
    ),
    [{ site_id: null, sip_peer_id: null, tn_attributes: held.attributesOf(stray as string) }],
  );
  t.deepEqual(await history(ledger, stray as string), [`${denver} ended`, '- open']);
});

test('numbers_by_location counts a day with the locations that were known then, and the time line has them', async (t) => {
  const { ledger, held } = await openWithNumbers(t, t.context.server);
  await succeed(ledger);
  const [moving] = someAt(held, denver) as [string];
  // As if all of this had been read on 1 July 2026.
  await ledger.query(`update number_location_history set valid_from = '2026-07-01T03:00:00Z'`);
  await ledger.query(`update number_status_history set valid_from = '2026-06-01' where valid_to is null`);
  held.moveNumbers([moving], spare);
  await succeed(ledger);
  const counts = async (call: string) => {
    const rows = await ledger.query<{ line: string }>(
      `select concat_ws(' ', coalesce(site_name, '-'), coalesce(sip_peer_name, '-'), numbers) as line from ${call}`,
    );
    return rows.map(({ line }) => line).sort();
  };
  const expected = (change: number) =>
    held
      .sites()
      .flatMap(({ name, locations }) =>
        locations.map(({ sipPeerId, name: location, numbers }) => {
          const moved = sipPeerId === denver ? change : sipPeerId === spare ? -change : 0;
          return { line: `${name} ${location} ${numbers.length + moved}`, count: numbers.length + moved };
        }),
      )
      .filter(({ count }) => count > 0)
      .map(({ line }) => line)
      .sort();
  t.deepEqual(await counts(`numbers_by_location('2026-06-30', '${account}')`), [`- - ${held.inServiceCount}`]);
  t.deepEqual(await counts(`numbers_by_location('2026-07-01')`), expected(1));
  t.deepEqual(await counts('numbers_by_location()'), expected(0));
  const line = `select what, at = recorded_from as began, until is null as open, recorded_to is null as now
     from number_timeline($1) where kind = 'location' order by recorded_from, at desc`;
  const [before, after] = [
    'Denver (500003) of sub-account Denver (3002)',
    'Spare (500002) of sub-account Raleigh (3001)',
  ];
  const attributes = held.attributesOf(moving).map((each) => `, ${each}`);
  t.deepEqual(await ledger.query(line, [moving]), [
    { what: `At location ${before}${attributes}`, began: true, open: true, now: false },
    { what: `At location ${after}${attributes}`, began: true, open: true, now: true },
    { what: `At location ${before}${attributes}`, began: false, open: false, now: true },
  ]);
});

test('a number that leaves ends its interval; back in service, it has no location until it is found at one', async (t) => {
  const { ledger, held } = await openWithNumbers(t, t.context.server);
  await succeed(ledger);
  const [leaving] = someAt(held, main) as [string];
  held.disconnect([leaving]);
  for (const name of ['sync-inservice-numbers', 'sync-number-details', job]) await succeed(ledger, name);
  t.deepEqual(await history(ledger, leaving), [`${main} ended`]);
  held.hold([leaving]);
  for (const name of ['sync-inservice-numbers', 'sync-number-details']) await succeed(ledger, name);
  t.false((await places(ledger)).some((line) => line.startsWith(leaving)));
  await succeed(ledger);
  t.deepEqual(await history(ledger, leaving), [`${main} ended`, `${main} open`]);
});

test('an imported number that left and came back between two runs is imported again', async (t) => {
  const { ledger, held } = await openWithNumbers(t, t.context.server);
  const number = someAt(held, main).find((each) => each.startsWith('619')) as string;
  held.setAttributes(number, ['External', 'Imported']);
  await succeed(ledger);
  for (const change of [held.disconnect, held.hold]) {
    change([number]);
    for (const name of ['sync-inservice-numbers', 'sync-number-details']) await succeed(ledger, name);
  }
  await succeed(ledger);
  t.deepEqual(await history(ledger, number), [`${main} ended`, `${main} open`]);
  t.deepEqual(
    await ledger.query(
      `select left_out from nruf_number_categories((now() at time zone 'UTC')::date) where telephone_number = $1`,
      [number],
    ),
    [{ left_out: 'imported' }],
  );
});

test('a number that moves while the lists are read is read again', async (t) => {
  const { ledger, held } = await openWithNumbers(t, t.context.server);
  await succeed(ledger);
  const [forward, back] = [someAt(held, main)[3], someAt(held, denver)[3]] as [string, string];
  let isMoved = false;
  ledger.proxy.onRequest = ({ path }) => {
    if (isMoved || !path.endsWith(`/${denver}/tns`)) return;
    isMoved = true;
    held.moveNumbers([back], main);
    held.moveNumbers([forward], spare);
  };
  t.deepEqual((await succeed(ledger)).warnings, []);
  t.deepEqual(await places(ledger), expectedPlaces(held));
  t.deepEqual(await history(ledger, back), [`${denver} ended`, `${main} open`]);
});

test('a number that is at two locations in every reading keeps its location, and so do numbers at none', async (t) => {
  const { ledger, held } = await openWithNumbers(t, t.context.server);
  await succeed(ledger);
  const before = await places(ledger);
  const [forward, back] = [someAt(held, main)[3], someAt(held, denver)[3]] as [string, string];
  let swaps = 0;
  ledger.proxy.onRequest = ({ path, query }) => {
    if (!path.endsWith(`/${denver}/tns`) || query.get('page') !== '1') return;
    swaps += 1;
    // The totals stay the same: one of the numbers is in both lists, the other in neither.
    held.moveNumbers([forward], swaps % 2 === 1 ? denver : main);
    held.moveNumbers([back], swaps % 2 === 1 ? main : denver);
  };
  const { warnings } = await succeed(ledger);
  t.is(warnings.length, 1);
  t.regex(warnings[0] ?? '', new RegExp(`that two locations list: 1, such as ${forward}\\..*was not changed`));
  t.is(swaps, 3);
  t.deepEqual(await places(ledger), before);
  ledger.proxy.onRequest = () => undefined;
  t.deepEqual((await succeed(ledger)).warnings, []);
  t.deepEqual(await places(ledger), expectedPlaces(held));
});

test('a list that lacks numbers of its total changes nothing, and the run says which location it is', async (t) => {
  const { ledger, held } = await openWithNumbers(t, t.context.server);
  await succeed(ledger);
  const before = await places(ledger);
  held.moveNumbers(someAt(held, main).slice(0, 5), denver);
  ledger.sandbox.faults = { 'short-list': 1 };
  const { result, error } = await ledger.run(job);
  t.is(result, 'failed');
  t.regex(
    error?.message ?? '',
    /^The numbers of 3 of 4 locations of account 9900000 are not complete after 3 readings: location 500001 lists \d+ different numbers, and its total is \d+\. No location was changed\.$/,
  );
  t.deepEqual(await places(ledger), before);
  ledger.sandbox.faults = {};
  await succeed(ledger);
  t.deepEqual(await places(ledger), expectedPlaces(held));
});

test('a stopped run resumes after its last committed page', async (t) => {
  const { ledger, held } = await openWithNumbers(t, t.context.server, inSmallPages);
  const stop = new AbortController();
  // The first reading expects a short page to be the last; the second one reads to an empty page.
  ledger.proxy.onRequest = ({ path, query }) => {
    if (path.endsWith(`/${main}/tns`) && query.get('page') === '2') stop.abort(new Error('stopped by the test'));
  };
  t.is((await ledger.run(job, { signal: stop.signal })).result, 'interrupted');
  ledger.sandbox.clearRequests();
  ledger.proxy.onRequest = () => undefined;
  await succeed(ledger);
  const [firstNumbers] = requested(ledger).filter((line) => line.includes('/tns '));
  t.is(firstNumbers, `sites/3001/sippeers/${main}/tns 2`);
  t.deepEqual(await places(ledger), expectedPlaces(held));
  t.deepEqual(await leftovers(ledger), []);
});

test('a location that moves to another sub-account before a stopped run resumes gets the new one', async (t) => {
  const { ledger, held } = await openWithNumbers(t, t.context.server);
  const stop = new AbortController();
  ledger.proxy.onRequest = ({ path }) => {
    if (path.endsWith(`/${denver}/tns`)) stop.abort(new Error('stopped by the test'));
  };
  t.is((await ledger.run(job, { signal: stop.signal })).result, 'interrupted');
  ledger.proxy.onRequest = () => undefined;
  held.moveLocation(main, '3003');
  await succeed(ledger);
  t.deepEqual(await places(ledger), expectedPlaces(held));
});

test('many numbers that are Aging, and so at no location, do not stop the run', async (t) => {
  const { ledger, held } = await openWithNumbers(t, t.context.server);
  await succeed(ledger);
  held.disconnect(someAt(held, main).slice(0, 150), { aging: true });
  await succeed(ledger, 'sync-number-details', { acceptShrink: true });
  t.is(
    (await ledger.query(`select from telephone_numbers where status = 'Aging' and sip_peer_id is not null`)).length,
    150,
  );
  await succeed(ledger);
  t.deepEqual(await places(ledger), expectedPlaces(held));
});

test('faults of the API change nothing in the result', async (t) => {
  const { ledger, held } = await openWithNumbers(t, t.context.server, inSmallPages);
  ledger.sandbox.faults = { '500': 0.1, html: 0.1, reset: 0.1, truncate: 0.1, 'duplicate-page': 0.1 };
  await succeed(ledger);
  t.deepEqual(await places(ledger), expectedPlaces(held));
});

test('numbers in E.164 spelling are the same numbers', async (t) => {
  const { ledger, held } = await openWithNumbers(t, t.context.server);
  ledger.sandbox.oddities = { e164: 0.5, 'repeated-elements': 1 };
  t.deepEqual((await succeed(ledger)).warnings, []);
  t.deepEqual(await places(ledger), expectedPlaces(held));
});

test('without the role, the job warns and changes nothing', async (t) => {
  const { ledger, held } = await openWithNumbers(t, t.context.server);
  await succeed(ledger);
  const before = await places(ledger);
  held.moveNumbers(someAt(held, main), denver);
  ledger.sandbox.oddities = { 'forbid-sites': 1 };
  const { warnings } = await succeed(ledger);
  t.is(warnings.length, 1);
  t.regex(
    warnings[0] ?? '',
    /^sub-accounts and locations \(sites\) were not read, and the stored ones were not changed: .*403.*a role is missing/,
  );
  t.deepEqual(await places(ledger), before);
});

test('without any sub-account, the run stops until that is accepted', async (t) => {
  const { ledger } = await openWithNumbers(t, t.context.server);
  await succeed(ledger);
  const before = await places(ledger);
  ledger.sandbox.oddities = { 'empty-sites': 1 };
  const { result, error } = await ledger.run(job);
  t.is(result, 'failed');
  t.regex(error?.message ?? '', new RegExp(`^No location of account ${account} lists ${before.length} of the`));
  t.deepEqual(await places(ledger), before);
  await succeed(ledger, job, { acceptShrink: true });
  t.deepEqual(await places(ledger), []);
  t.deepEqual(await ledger.query('select site_id from sites where removed_at is null'), []);
  t.deepEqual(await ledger.query('select sip_peer_id from sip_peers where removed_at is null'), []);
});

test('a location that is removed keeps its row, and its numbers are found where they are', async (t) => {
  const { ledger, held } = await openWithNumbers(t, t.context.server);
  await succeed(ledger);
  const numbers = someAt(held, '500004');
  held.removeLocation('500004');
  held.moveNumbers(numbers, denver);
  await succeed(ledger);
  t.deepEqual(await places(ledger), expectedPlaces(held));
  const [row] = await ledger.query<{ removed_at: Date | null }>(
    `select removed_at from sip_peers where sip_peer_id = '500004'`,
  );
  t.truthy(row?.removed_at);
});
