import test from 'ava';
import type { SandboxNumber } from '../../src/sandbox/server.js';
import { get, inServiceNumbers, linkOf, listedInService, pagesOf, parse, sandboxFor } from './client.js';

const path = '/accounts/9900000/inserviceNumbers';

test('the pages list every number in service exactly once and no others', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 2000 });
  const pages = await pagesOf(sandbox, `${path}?size=150`);
  const { inServiceCount, count } = sandbox.account('9900000');
  t.is(pages.length, Math.ceil(inServiceCount / 150));
  t.true(inServiceCount < count);
  for (const page of pages) {
    const { TotalCount, TelephoneNumbers } = parse(page).TNs;
    t.is(TotalCount, String(inServiceCount));
    t.is(TelephoneNumbers.Count, String(TelephoneNumbers.TelephoneNumber.length));
  }
  const listed = pages.flatMap((page) => parse(page).TNs.TelephoneNumbers.TelephoneNumber);
  t.deepEqual(listed.toSorted(), listedInService(sandbox, '9900000').toSorted());
  t.notDeepEqual(listed, listed.toSorted(), 'the listing has no usable order');
  t.deepEqual(listed, await inServiceNumbers(sandbox, '9900000', 'size=5000'), 'the order is the same for every size');
});

test('links are escaped and use another scheme, host, port and base path; cursors are opaque', async (t) => {
  const sandbox = await sandboxFor(t);
  const { body } = await get(sandbox, `${path}?size=100&state=NC&unknown=1`);
  t.regex(body, /<first>Link=&lt;http:[^<>]*&gt;;rel="first";<\/first>/);
  const first = linkOf(body, 'first');
  t.is(first?.address, 'http://api.inetwork.com:443/v1.0/accounts/9900000/inserviceNumbers');
  t.deepEqual(first?.query, { state: 'NC', page: '1', size: '100' });
  const all = await get(sandbox, `${path}?size=100`);
  t.notRegex(linkOf(all.body, 'next')?.query.page ?? '', /^\d+$/);
});

test('a page has 300 numbers by default and at most 5000', async (t) => {
  const sandbox = await sandboxFor(t);
  t.is(parse((await get(sandbox, path)).body).TNs.TelephoneNumbers.Count, '300');
  for (const size of ['5001', '0', '-1', 'many', '']) {
    const { status, body } = await get(sandbox, `${path}?size=${size}`);
    t.is(status, 400, size);
    t.regex(parse(body).TNs.ResponseStatus.Description, /size '.*' is invalid/);
    t.truthy(parse(body).TNs.ResponseStatus.ErrorCode);
  }
});

test('an unknown cursor gets 400', async (t) => {
  const sandbox = await sandboxFor(t);
  const next = linkOf((await get(sandbox, path)).body, 'next')?.query.page ?? '';
  for (const page of ['2', '0', '', '301', `${next}A`, `A${next.slice(1)}`, next.toUpperCase(), '9195551234']) {
    t.is((await get(sandbox, `${path}?page=${page}`)).status, 400, page);
  }
  t.is((await get(sandbox, `${path}?page=${next}`)).status, 200);
});

test('paging stays consistent when numbers are added and removed between pages', async (t) => {
  const sandbox = await sandboxFor(t);
  const account = sandbox.account('9900000');
  const before = listedInService(sandbox, '9900000');
  const { body } = await get(sandbox, `${path}?size=400`);
  const first: string[] = parse(body).TNs.TelephoneNumbers.TelephoneNumber;
  const cursor = linkOf(body, 'next')?.query.page ?? '';
  const beginning = parse((await get(sandbox, `${path}?size=1&page=${cursor}`)).body).TNs.TelephoneNumbers
    .TelephoneNumber;
  account.disconnect(beginning);
  account.disconnect(first.slice(0, 50), { aging: true });
  const added = account.add(20);
  const rest: string[] = parse((await get(sandbox, `${path}?size=5000&page=${cursor}`)).body).TNs.TelephoneNumbers
    .TelephoneNumber;
  const stayed = before.filter((number) => !first.includes(number) && number !== beginning[0]);
  t.deepEqual(rest.filter((number) => !added.includes(number)).toSorted(), stayed.toSorted());
});

function matches(numbers: Iterable<SandboxNumber>, filter: (number: SandboxNumber) => boolean): string[] {
  return Array.from(numbers)
    .filter((number) => number.listedInService && filter(number))
    .map((number) => number.telephoneNumber)
    .toSorted();
}

test('filters apply to the listing, its total and /totals', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 3000 });
  const numbers = [...sandbox.account('9900000').numbers()];
  const one = numbers.find(
    ({ rateCenter, listedInService }) => rateCenter?.includes(' ') && listedInService,
  ) as SandboxNumber;
  const npa = one.telephoneNumber.slice(0, 3);
  const npaNxx = one.telephoneNumber.slice(0, 6);
  const inYear = (date: Date | undefined, year: number) => date?.getUTCFullYear() === year;
  const cases: Array<[string, (number: SandboxNumber) => boolean]> = [
    [`areacode=${npa}`, ({ telephoneNumber }) => telephoneNumber.startsWith(npa)],
    [`npanxx=${npaNxx}`, ({ telephoneNumber }) => telephoneNumber.startsWith(npaNxx)],
    [`lata=${one.lata}`, ({ lata }) => lata === one.lata],
    [`state=${one.state}`, ({ state }) => state === one.state],
    [
      `state=${one.state}&ratecenter=${encodeURIComponent(one.rateCenter ?? '')}`,
      ({ state, rateCenter }) => state === one.state && rateCenter === one.rateCenter,
    ],
    [
      'startdate=2023-01-01&enddate=2023-12-31',
      ({ inServiceDate, lastModified }) => inYear(inServiceDate, 2023) || inYear(lastModified, 2023),
    ],
  ];
  for (const [query, filter] of cases) {
    const expected = matches(numbers, filter);
    t.true(expected.length > 0 && expected.length < numbers.length, query);
    t.deepEqual((await inServiceNumbers(sandbox, '9900000', `size=50&${query}`)).toSorted(), expected, query);
    const { body } = await get(sandbox, `${path}?${query}`);
    t.is(parse(body).TNs.TotalCount, String(expected.length), query);
    t.is(parse((await get(sandbox, `${path}/totals?${query}`)).body).Quantity.Count, String(expected.length), query);
  }
  t.is(
    (await get(sandbox, `${path}?areacode=919&state=NY`)).status,
    204,
    'filters that exclude each other match nothing',
  );
});

test('invalid filters get 400', async (t) => {
  const sandbox = await sandboxFor(t);
  for (const query of [
    'areacode=91',
    'npanxx=9192384',
    'startdate=01/02/2023',
    'enddate=2023-02-30',
    'ratecenter=CARY',
  ]) {
    t.is((await get(sandbox, `${path}?${query}`)).status, 400, query);
  }
  const { body } = await get(sandbox, `${path}?npanxx=9192384`);
  t.deepEqual(parse(body).TNs.ResponseStatus, {
    ErrorCode: '15511',
    Description: "The NPA_NXX '9192384' is invalid",
  });
});

test('totals counts the numbers in service', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 1234 });
  const { body } = await get(sandbox, `${path}/totals`);
  t.is(parse(body).Quantity.Count, String(sandbox.account('9900000').inServiceCount));
});

test('a single number gets 200 while in service, otherwise 404', async (t) => {
  const sandbox = await sandboxFor(t);
  const [first = '', second = ''] = listedInService(sandbox, '9900000').filter((number) => !number.startsWith('+'));
  t.is((await get(sandbox, `${path}/${first}`)).status, 200);
  sandbox.account('9900000').disconnect([first], { aging: true });
  t.is((await get(sandbox, `${path}/${first}`)).status, 404);
  t.is((await get(sandbox, `${path}/${second}`)).status, 200);
  t.is((await get(sandbox, `${path}/9999999999`)).status, 404);
});

test('an account without numbers gets 204, 200 or 404 with links, as configured', async (t) => {
  const accounts = [{ id: '9900000', numbers: 0 }];
  const noContent = await get(await sandboxFor(t, { accounts }), path);
  t.is(noContent.status, 204);
  t.is(noContent.body, '');
  const listed = await get(await sandboxFor(t, { accounts, emptyAs: '200' }), path);
  t.is(listed.status, 200);
  t.is(parse(listed.body).TNs.TotalCount, '0');
  t.is(parse(listed.body).TNs.TelephoneNumbers.Count, '0');
  const missing = await get(await sandboxFor(t, { accounts, emptyAs: '404' }), path);
  t.is(missing.status, 404);
  t.truthy(parse(missing.body).Links.first);
});

test('the last page has no next link, or its own if configured', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 100, lastPageNext: 'self' });
  const only = await get(sandbox, path);
  t.is(linkOf(only.body, 'next')?.query.page, '1');
  const cursor = linkOf((await get(sandbox, `${path}?size=60`)).body, 'next')?.query.page ?? '';
  const last = await get(sandbox, `${path}?size=60&page=${cursor}`);
  t.is(linkOf(last.body, 'next')?.query.page, cursor);
  const usual = await sandboxFor(t, { numbers: 100 });
  t.is(linkOf((await get(usual, path)).body, 'next'), undefined);
});
