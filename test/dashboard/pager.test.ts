import test from 'ava';
import { ApiError, BrokenBodyError } from '../../src/dashboard/errors.js';
import { isInService } from '../../src/dashboard/lookups.js';
import { PageSizeChangedError } from '../../src/dashboard/page-size.js';
import {
  type Page,
  type ReadPagesOptions,
  readNumberDetails,
  readPages,
  readTotal,
} from '../../src/dashboard/pager.js';
import type { ListResource } from '../../src/dashboard/resource.js';
import { e911s } from '../../src/dashboard/resources/e911s.js';
import { XmlError } from '../../src/dashboard/xml.js';
import { inserviceNumbers, numberDetails } from '../support/resources.js';
import { clientFor, type Handler, quantity, type Received, sendStatus, sendXml, serve, signalled } from './support.js';

interface TestPage {
  numbers?: readonly string[];
  next?: string;
  total?: number | string;
  /** How the next link is written. */
  link?: (cursor: string) => string;
}

const foreign = (cursor: string) =>
  `Link=&lt;http://api.inetwork.com:443/v1.0/accounts/77/elsewhere?page=${encodeURIComponent(cursor)}&amp;size=3&amp;account=77&gt;;rel="next";`;

function inservicePage({ numbers = [], next, total = 9, link = foreign }: TestPage): string {
  const items = numbers.map((number) => `<TelephoneNumber>${number}</TelephoneNumber>`).join('');
  const links = next === undefined ? '' : `<next>${link(next)}</next>`;
  return `<?xml version="1.0"?><TNs><TotalCount>${total}</TotalCount><Links><first>Link=&lt;http://x/?page=1&gt;;rel="first";</first>${links}</Links><TelephoneNumbers><Count>${numbers.length}</Count>${items}</TelephoneNumbers></TNs>`;
}

function detailsPage(rows: Record<string, string>[], next?: string): string {
  const items = rows.map((row) => {
    const children = Object.entries(row).map(([name, value]) => `<${name}>${value}</${name}>`);
    return `<TelephoneNumber>${children.join('')}</TelephoneNumber>`;
  });
  const links = next === undefined ? '' : `<Links><next>${foreign(next)}</next></Links>`;
  return `<TelephoneNumbersResponse><TelephoneNumberCount>4</TelephoneNumberCount>${links}<TelephoneNumbers>${items.join('')}</TelephoneNumbers></TelephoneNumbersResponse>`;
}

/** Returns the page for each cursor. */
function pages(byCursor: Record<string, TestPage>): Handler {
  return (request, response) => {
    const page = byCursor[request.query.get('page') ?? ''];
    return page === undefined ? sendStatus(response, 410) : sendXml(response, inservicePage(page));
  };
}

const three: Record<string, TestPage> = {
  '1': { numbers: ['2012010001', '2012010002', '2012010003'], next: 'c2' },
  c2: { numbers: ['2012010004', '2012010005', '2012010006'], next: 'c3' },
  c3: { numbers: ['2012010007', '2012010008', '2012010009'] },
};

async function collect(iterable: AsyncIterable<Page>): Promise<Page[]> {
  const all: Page[] = [];
  for await (const page of iterable) {
    all.push(page);
  }
  return all;
}

const keysOf = (all: Page[]) => all.flatMap(({ items }) => items.map(({ values }) => values[0]));
const cursorsOf = (received: Received[]) => received.map(({ query }) => query.get('page'));

test('a list is read from page 1 to the page without a next link, with its own path, size, and filters', async (t) => {
  const server = await serve(t, pages(three));
  const { client } = clientFor(t, server);
  const resource: ListResource = { ...inserviceNumbers, query: () => ({ state: 'NC & SC' }) };
  const all = await collect(readPages({ client, resource, account: '14' }));
  t.deepEqual(
    keysOf(all),
    Object.values(three).flatMap(({ numbers }) => numbers ?? []),
  );
  t.deepEqual(
    all.map(({ cursor, next }) => [cursor, next]),
    [
      ['1', 'c2'],
      ['c2', 'c3'],
      ['c3', undefined],
    ],
  );
  t.deepEqual(
    all.map(({ totalCount }) => totalCount),
    [9, 9, 9],
  );
  t.is(new Set(all.map(({ fingerprint }) => fingerprint)).size, 3);
  t.deepEqual(cursorsOf(server.received), ['1', 'c2', 'c3']);
  for (const { path, query } of server.received) {
    t.is(path, '/api/accounts/14/inserviceNumbers');
    t.deepEqual([...query.keys()].sort(), ['page', 'size', 'state']);
    t.is(query.get('size'), '5000');
    t.is(query.get('state'), 'NC & SC');
  }
});

test('exactly one page is prefetched', async (t) => {
  const arrivals = [signalled(), signalled(), signalled()];
  const answer = pages(three);
  const server = await serve(t, (request, response, index) => {
    arrivals[index]?.signal();
    return answer(request, response, index);
  });
  const { client } = clientFor(t, server);
  const list = readPages({ client, resource: inserviceNumbers, account: '14' });
  await list.next();
  await arrivals[1]?.promise;
  // Rounds to the server and back: time enough for a page too many.
  for (let n = 0; n < 3; n += 1) {
    await t.throwsAsync(client.get({ account: '2', path: '/other', parse: () => 0 }));
  }
  t.deepEqual(cursorsOf(server.received.filter(({ path }) => path.includes('/14/'))), ['1', 'c2']);
  await list.next();
  await list.next();
  t.true((await list.next()).done);
  t.deepEqual(cursorsOf(server.received.filter(({ path }) => path.includes('/14/'))), ['1', 'c2', 'c3']);
});

test('a consumer that stops early cancels the prefetch', async (t) => {
  const arrived = signalled();
  const closed = signalled();
  const server = await serve(t, (_request, response, index) => {
    if (index === 0) {
      return sendXml(response, inservicePage(three['1'] ?? {}));
    }
    response.on('close', closed.signal);
    return arrived.signal();
  });
  const { client } = clientFor(t, server);
  for await (const page of readPages({ client, resource: inserviceNumbers, account: '14' })) {
    t.is(page.cursor, '1');
    await arrived.promise;
    break;
  }
  await closed.promise;
  t.is(server.received.length, 2);
});

test('an aborted list rejects with the signal\u2019s reason', async (t) => {
  const server = await serve(t, (_request, response, index) => {
    return index === 0 ? sendXml(response, inservicePage(three['1'] ?? {})) : undefined;
  });
  const { client } = clientFor(t, server);
  const abort = new AbortController();
  const list = readPages({ client, resource: inserviceNumbers, account: '14', signal: abort.signal });
  await list.next();
  const reason = new Error('enough');
  const next = list.next();
  abort.abort(reason);
  t.is(await t.throwsAsync(next), reason);
});

test('a page that fails raises its error after the pages before it', async (t) => {
  const server = await serve(t, pages({ '1': three['1'] ?? {} }));
  const { client } = clientFor(t, server);
  const list = readPages({ client, resource: inserviceNumbers, account: '14' });
  t.is((await list.next()).value?.items.length, 3);
  await t.throwsAsync(list.next(), { instanceOf: ApiError, message: /page=c2&size=5000 .*410/ });
});

test('a next link from a page to itself is the end of the list', async (t) => {
  const server = await serve(t, pages({ ...three, c2: { ...three.c2, next: 'c2' } }));
  const { client } = clientFor(t, server);
  t.is((await collect(readPages({ client, resource: inserviceNumbers, account: '14' }))).length, 2);
  t.is(server.received.length, 2);
});

test('a next link to an earlier page is an error that names the loop', async (t) => {
  const server = await serve(t, pages({ ...three, c3: { ...three.c3, next: 'c2' } }));
  const { client } = clientFor(t, server);
  const read: Page[] = [];
  const reading = async () => {
    for await (const page of readPages({ client, resource: inserviceNumbers, account: '14' })) {
      read.push(page);
    }
  };
  await t.throwsAsync(reading, { instanceOf: BrokenBodyError, message: /page "c3" links to page "c2" .* a loop/ });
  t.is(read.length, 2);
  t.is(server.received.length, 2 + 6);
});

test('a page with the items of an earlier one is retried', async (t) => {
  const answer = pages(three);
  let repeats = 2;
  const server = await serve(t, (request, response, index) => {
    if (request.query.get('page') === 'c3' && repeats > 0) {
      // What a cache might answer: it even looks like the end, for its next link names the page asked for.
      repeats -= 1;
      return sendXml(response, inservicePage(three.c2 ?? {}));
    }
    return answer(request, response, index);
  });
  const { client, events } = clientFor(t, server);
  const all = await collect(readPages({ client, resource: inserviceNumbers, account: '14' }));
  t.is(new Set(keysOf(all)).size, 9);
  t.deepEqual(cursorsOf(server.received), ['1', 'c2', 'c3', 'c3', 'c3']);
  t.regex(events[0]?.type === 'retry' ? events[0].reason : '', /page "c3" repeats the items/);
});

test('a page that keeps repeating an earlier one is an error', async (t) => {
  const server = await serve(t, pages({ ...three, c3: { ...three.c3, numbers: three['1']?.numbers ?? [] } }));
  const { client } = clientFor(t, server);
  await t.throwsAsync(collect(readPages({ client, resource: inserviceNumbers, account: '14' })), {
    instanceOf: BrokenBodyError,
    message: /repeats the items of a page already read/,
  });
});

test('empty and short pages with a next link are followed, and may be equal', async (t) => {
  const byCursor = {
    '1': { next: 'c2' },
    c2: { numbers: ['2012010001'], next: 'c3' },
    c3: { next: 'c4' },
    c4: { next: 'c5' },
    c5: { numbers: ['2012010002'] },
  };
  const server = await serve(t, pages(byCursor));
  const { client } = clientFor(t, server);
  const all = await collect(readPages({ client, resource: inserviceNumbers, account: '14' }));
  t.is(all.length, 5);
  t.deepEqual(keysOf(all), ['2012010001', '2012010002']);
});

const empties: Record<string, Handler> = {
  'a 204': (_request, response) => sendStatus(response, 204),
  'a 404 with links': (_request, response) =>
    sendXml(response, '<TNs><Links><first>Link=&lt;http://x/?page=1&gt;;</first></Links></TNs>', 404),
  'a 404 with empty links': (_request, response) => sendXml(response, '<Whatever><Links/></Whatever>', 404),
  'a page without items': (_request, response) => sendXml(response, inservicePage({ total: 0 })),
};

for (const [form, handler] of Object.entries(empties)) {
  test(`${form} is an empty list`, async (t) => {
    const server = await serve(t, handler);
    const { client } = clientFor(t, server);
    const all = await collect(readPages({ client, resource: inserviceNumbers, account: '14' }));
    t.deepEqual(all, [
      {
        cursor: '1',
        next: undefined,
        totalCount: 0,
        items: [],
        withoutKey: [],
        foreign: [],
        fingerprint: '',
        pageSize: 5000,
      },
    ]);
    t.is(server.received.length, 1);
  });
}

const error = '<ResponseStatus><ErrorCode>1001</ErrorCode><Description>No such account</Description></ResponseStatus>';

test('an error is not an empty list, with 404 or 200', async (t) => {
  const server = await serve(t, (request, response) =>
    sendXml(response, `<TNs>${error}</TNs>`, request.path.includes('/14/') ? 404 : 200),
  );
  const { client } = clientFor(t, server);
  for (const account of ['14', '15']) {
    await t.throwsAsync(collect(readPages({ client, resource: inserviceNumbers, account })), {
      instanceOf: ApiError,
      message: /1001 No such account/,
    });
  }
  t.is(server.received.length, 2);
});

test('an unreadable next link is never the end of the list', async (t) => {
  const server = await serve(t, pages({ '1': { ...three['1'], link: () => 'see the manual' } }));
  const { client } = clientFor(t, server);
  await t.throwsAsync(collect(readPages({ client, resource: inserviceNumbers, account: '14' })), {
    instanceOf: BrokenBodyError,
    message: /has no page parameter/,
  });
});

test('a cursor can’t change anything but the page parameter', async (t) => {
  const nasty = '../x?accountId=9&size=1#\u00e9 %2F+"<';
  const server = await serve(t, pages({ '1': { ...three['1'], next: nasty }, [nasty]: three.c3 ?? {} }));
  const { client } = clientFor(t, server);
  const all = await collect(readPages({ client, resource: inserviceNumbers, account: '14' }));
  t.is(all[1]?.cursor, nasty);
  t.deepEqual(
    server.received.map(({ path }) => path),
    Array(2).fill('/api/accounts/14/inserviceNumbers'),
  );
  t.deepEqual([...(server.received[1]?.query.keys() ?? [])], ['page', 'size']);
});

test('reading resumes where it stopped, and still knows the earlier pages', async (t) => {
  const server = await serve(t, pages({ ...three, c3: { ...three.c3, next: '1' } }));
  const { client } = clientFor(t, server);
  const resume = (options: ReadPagesOptions['from']) =>
    collect(readPages({ client, resource: inserviceNumbers, account: '14', ...(options && { from: options }) }));
  await t.throwsAsync(resume({ cursor: 'c3', pageSize: 3, visited: ['1', 'c2'], fingerprints: [] }), {
    message: /links to page "1"/,
  });
  t.deepEqual(cursorsOf(server.received), Array(6).fill('c3'));
});

test('a page that repeats the last one before the interruption is detected', async (t) => {
  const server = await serve(t, pages({ '1': three['1'] ?? {}, c2: { numbers: three['1']?.numbers ?? [] } }));
  const { client } = clientFor(t, server);
  const list = readPages({ client, resource: inserviceNumbers, account: '14' });
  const first = await list.next();
  await list.return();
  const from = { cursor: 'c2', pageSize: 5000, visited: ['1'], fingerprints: [first.value?.fingerprint ?? ''] };
  await t.throwsAsync(collect(readPages({ client, resource: inserviceNumbers, account: '14', from })), {
    message: /repeats the items/,
  });
});

test('details follow the fields; rows of other accounts and without a number are separate', async (t) => {
  const server = await serve(t, (_request, response) => {
    const rows: Record<string, string>[] = [
      { City: 'CARY', FullNumber: '9192381138', AccountId: '14', Tier: '0', OnNetVendor: 'true' },
      { City: 'CARY', FullNumber: '9192381139', AccountId: '15' },
      { City: 'CARY', FullNumber: '9192381140' },
      { City: 'NOWHERE', AccountId: '14' },
    ];
    sendXml(response, detailsPage(rows));
  });
  const { client } = clientFor(t, server);
  const [page] = await collect(readPages({ client, resource: numberDetails, account: '14', pageSize: 7 }));
  const column = (name: string) => page?.items.map(({ values }) => values[numberDetails.fields.indexOf(name)]);
  t.deepEqual(column('FullNumber'), ['9192381138', '9192381140']);
  t.deepEqual(column('Tier'), ['0', undefined]);
  t.is(page?.items[0]?.extra?.OnNetVendor, 'true');
  t.is(page?.foreign.length, 1);
  t.is(page?.withoutKey.length, 1);
  t.is(page?.totalCount, undefined);
  t.like(server.received[0], { path: '/api/tns' });
  t.is(server.received[0]?.query.toString(), 'accountId=14&page=1&size=7');
});

test('the size of a list is read from its totals', async (t) => {
  const server = await serve(t, (_request, response) => sendXml(response, quantity(62)));
  const { client } = clientFor(t, server);
  t.is(await readTotal(client, inserviceNumbers, '14'), 62);
  t.is(server.received[0]?.path, '/api/accounts/14/inserviceNumbers/totals');
  await t.throwsAsync(readTotal(client, numberDetails, '14'), { instanceOf: TypeError });
});

test('totals that are not a number are retried, then fail', async (t) => {
  const server = await serve(t, (_request, response) => sendXml(response, quantity('many')));
  const { client } = clientFor(t, server);
  const failure = await t.throwsAsync(readTotal(client, inserviceNumbers, '14'), {
    instanceOf: BrokenBodyError,
    message: /"many"/,
  });
  t.true(failure?.cause instanceof XmlError);
  t.is(server.received.length, 6);
});

test('details of numbers include those that the API rejects or omits', async (t) => {
  const errors =
    '<ErrorList><Error><Code>15608</Code><Description>Invalid</Description><TelephoneNumbers><TelephoneNumber>99999999999</TelephoneNumber></TelephoneNumbers></Error></ErrorList>';
  const server = await serve(t, (_request, response) => {
    const rows = [
      { FullNumber: '3172000285', AccountId: '14' },
      { FullNumber: '3172000207', AccountId: '753' },
    ];
    sendXml(response, detailsPage(rows).replace('</TelephoneNumbersResponse>', `${errors}</TelephoneNumbersResponse>`));
  });
  const { client } = clientFor(t, server);
  const details = await readNumberDetails(client, '14', [
    '3172000285',
    '3172000207',
    '99999999999',
    '3172000100',
    'a&<b',
  ]);
  t.like(server.received[0], {
    method: 'POST',
    url: '/api/tns',
    body: '<?xml version="1.0" encoding="UTF-8"?><TnList><Tn>3172000285</Tn><Tn>3172000207</Tn><Tn>99999999999</Tn><Tn>3172000100</Tn><Tn>a&amp;&lt;b</Tn></TnList>',
  });
  t.deepEqual(
    details.items.map(({ values }) => values[0]),
    ['3172000285'],
  );
  t.is(details.foreign.length, 1);
  t.deepEqual(details.errors, [{ code: '15608', description: 'Invalid', telephoneNumbers: ['99999999999'] }]);
  t.deepEqual(details.unanswered, ['3172000100', 'a&<b']);
});

test('a lookup whose numbers are all rejected is a result; any other rejection is an error', async (t) => {
  const refusal = (code: string) =>
    `<TelephoneNumbersResponse><ErrorList><Error><Code>${code}</Code><Description>No</Description><TelephoneNumbers><TelephoneNumber>3172000285</TelephoneNumber></TelephoneNumbers></Error></ErrorList></TelephoneNumbersResponse>`;
  const server = await serve(t, (request, response) => {
    sendXml(response, refusal(request.body.includes('3172000285') ? '15610' : '15607'), 404);
  });
  const { client } = clientFor(t, server);
  const details = await readNumberDetails(client, '14', ['3172000285', '3172000286']);
  t.deepEqual(details.items, []);
  t.deepEqual(
    details.errors.map(({ code }) => code),
    ['15610'],
  );
  t.deepEqual(details.unanswered, ['3172000286']);
  await t.throwsAsync(readNumberDetails(client, '14', ['3172000287']), { instanceOf: ApiError });
});

test('a number is in service if either format is found, and not if both return 404', async (t) => {
  const server = await serve(t, (request, response) => {
    const status = /%2B1919\d{7}$|%2B44\d+$/.test(request.url) ? 200 : 404;
    if (request.url.includes('%2B1704'))
      sendXml(response, '<TNs><ResponseStatus><ErrorCode>404</ErrorCode></ResponseStatus></TNs>', status);
    else sendStatus(response, status);
  });
  const { client } = clientFor(t, server);
  t.true(await isInService(client, '14', '9192381138'));
  t.false(await isInService(client, '14', '7042381138'));
  t.true(await isInService(client, '14', '+442071234567'));
  t.deepEqual(
    server.received.map(({ url }) => url.replace('/api/accounts/14/inserviceNumbers/', '')),
    ['9192381138', '%2B19192381138', '7042381138', '%2B17042381138', '%2B442071234567'],
  );
});

test('a 404 that is not from the API does not count for a number', async (t) => {
  const server = await serve(t, (_request, response) => {
    response.statusCode = 404;
    response.end('<!DOCTYPE html><html><body>Not here</body></html>');
  });
  const { client } = clientFor(t, server);
  await t.throwsAsync(isInService(client, '14', '9192381138'), { instanceOf: BrokenBodyError });
});

test('details are requested for at most 2,500 numbers at once', async (t) => {
  const server = await serve(t, () => undefined);
  const { client } = clientFor(t, server);
  await t.throwsAsync(readNumberDetails(client, '14', []), { instanceOf: TypeError });
  await t.throwsAsync(readNumberDetails(client, '14', Array(2501).fill('3172000285')), { instanceOf: TypeError });
  t.is(server.received.length, 0);
});

test('a list without pages is one request without page and size; next links are ignored', async (t) => {
  const server = await serve(t, pages({ '': three['1'] as TestPage }));
  const { client } = clientFor(t, server);
  const { pageSize: _, ...resource } = inserviceNumbers;
  const all = await collect(readPages({ client, resource, account: '14' }));
  t.deepEqual(keysOf(all), three['1']?.numbers);
  t.deepEqual(
    server.received.map(({ query }) => [...query.keys()]),
    [[]],
  );
});

test('links are found next to the items and at the top of the document', async (t) => {
  const page = (id: string, next: string) =>
    `<W><List><TotalCount>2</TotalCount><Links>${next}</Links><Order><Id>${id}</Id></Order></List></W>`;
  const server = await serve(t, ({ query }, response) =>
    sendXml(response, query.get('page') === '1' ? page('a', `<next>${foreign('b')}</next>`) : page('b', '')),
  );
  const { client } = clientFor(t, server);
  const resource: ListResource = {
    ...inserviceNumbers,
    container: 'W.List',
    item: 'Order',
    totalCount: 'W.List.TotalCount',
    key: 'Id',
    fields: ['Id'],
  };
  t.deepEqual(keysOf(await collect(readPages({ client, resource, account: '14' }))), ['a', 'b']);
});

const refusal = (description: string, code = '1006') =>
  `<TNs><ResponseStatus><ErrorCode>${code}</ErrorCode><Description>${description}</Description></ResponseStatus></TNs>`;

for (const [title, description, code, sizes] of [
  ['a 1006 that is about something else', 'The startdate is invalid', '1006', ['5000']],
  ['another code', 'The size must be between 1 and 2500', '1003', ['5000']],
  ['a refusal that comes without a size, too', 'Bad size', '1006', ['5000', '2500', '1000', null]],
  [
    'a refusal of every size, also of the one that it names',
    'size: at most 2100',
    '1006',
    ['5000', '2100', '1000', null],
  ],
] as const) {
  test(`${title} is reported as it is`, async (t) => {
    const server = await serve(t, (_request, response) => sendXml(response, refusal(description, code), 400));
    const { client } = clientFor(t, server);
    const error = await t.throwsAsync(collect(readPages({ client, resource: inserviceNumbers, account: '14' })), {
      instanceOf: ApiError,
    });
    t.true(error?.message.includes(description));
    t.deepEqual(
      server.received.map(({ query }) => query.get('size')),
      [...sizes],
    );
  });
}

test('an accepted page size is remembered for the client and resource, and logged once', async (t) => {
  const server = await serve(t, ({ query }, response) =>
    Number(query.get('size')) > 100
      ? sendXml(response, refusal('size must be between 1 and 100'), 400)
      : sendXml(response, inservicePage({ numbers: ['2012010001'] })),
  );
  const { client } = clientFor(t, server);
  const said: string[] = [];
  const log = { info: (message: unknown) => void said.push(String(message)) };
  const read = (resource: ListResource) => collect(readPages({ client, resource, account: '14', log }));
  await read(inserviceNumbers);
  await read(inserviceNumbers);
  await read({ ...inserviceNumbers, name: 'other' });
  t.deepEqual(
    server.received.map(({ query }) => query.get('size')),
    ['5000', '100', '100', '5000', '100'],
  );
  t.deepEqual(said, [
    'The API rejects pages of 5000 for inserviceNumbers; reading the list in pages of 100',
    'The API rejects pages of 5000 for other; reading the list in pages of 100',
  ]);
});

test('a later page rejected for its size ends the list with an error', async (t) => {
  const answer = pages(three);
  const server = await serve(t, (request, response, index) =>
    request.query.get('page') === 'c2'
      ? sendXml(response, refusal('size must be between 1 and 100'), 400)
      : answer(request, response, index),
  );
  const { client } = clientFor(t, server);
  await t.throwsAsync(collect(readPages({ client, resource: inserviceNumbers, account: '14' })), {
    instanceOf: PageSizeChangedError,
    message: /was read in pages of 5000, but the API now rejects that size: .*between 1 and 100/,
  });
  t.deepEqual(cursorsOf(server.received), ['1', 'c2']);
});

test('a list without a count and with other elements than its items is a broken response, not an empty list', async (t) => {
  for (const [inside, isList] of [
    ['<E911OrderResponse><OrderId>an-id</OrderId></E911OrderResponse>', false],
    ['<Links><first>Link=&lt;http://x/?page=1&gt;;rel="first";</first></Links>', true],
    ['<TotalCount>0</TotalCount>', true],
    ['', true],
  ] as const) {
    const server = await serve(t, (_request, response) => sendXml(response, `<E911Orders>${inside}</E911Orders>`));
    const { client } = clientFor(t, server);
    const reading = collect(readPages({ client, resource: e911s.list, account: '14' }));
    if (isList) t.deepEqual(keysOf(await reading), []);
    else {
      const error = await t.throwsAsync(reading);
      t.regex(
        error?.message ?? '',
        /expected a list of <E911OrderSummary> in E911Orders, but it contains <E911OrderResponse>/,
      );
    }
  }
});
