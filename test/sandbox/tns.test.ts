import test from 'ava';
import { startSandbox } from '../../src/sandbox/server.js';
import { expectedRows, get, linkOf, pagesOf, parse, post, rowsIn, sandboxFor, type TnRow, tnRows } from './client.js';

test('the pages of /tns return every number of the account', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 6000 });
  const pages = await pagesOf(sandbox, '/tns?accountId=9900000&size=2500');
  t.is(pages.length, 3);
  t.deepEqual(pages.flatMap(rowsIn), expectedRows(sandbox, '9900000'));
});

test('a page has 500 numbers by default and at most 2500', async (t) => {
  const sandbox = await sandboxFor(t);
  t.is(rowsIn((await get(sandbox, '/tns?accountId=9900000')).body).length, 500);
  const { status, body } = await get(sandbox, '/tns?accountId=9900000&size=2501');
  t.is(status, 400);
  t.truthy(parse(body).TelephoneNumbersResponse.ResponseStatus.ErrorCode);
});

test('the cursor of a page is its first TN, including E.164 numbers', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 3000 });
  const expected = expectedRows(sandbox, '9900000').map((row) => row.telephoneNumber);
  const { body } = await get(sandbox, '/tns?accountId=9900000&size=1');
  const next = linkOf(body, 'next');
  t.is(next?.query.page, expected[1]);
  t.is(next?.query.account, '9900000', 'the link names the account parameter differently than the request');
  t.is(next?.query.accountId, undefined);
  t.is(next?.address, 'https://dashboard.bandwidth.com:443/v1.0/tns');
  t.true(expected[1]?.startsWith('+'));
  t.deepEqual(
    (await tnRows(sandbox, 'accountId=9900000&size=1000')).map((row) => row.telephoneNumber),
    expected,
  );
  for (const page of ['2', '501', '', '919555123', ' 33140289562', 'x']) {
    t.is((await get(sandbox, `/tns?accountId=9900000&page=${encodeURIComponent(page)}`)).status, 400, page);
  }
});

test('without a correctly spelled accountId, /tns lists the numbers of all accounts', async (t) => {
  const accounts = [
    { id: '9900001', numbers: 700 },
    { id: '9900002', numbers: 300 },
  ];
  const sandbox = await sandboxFor(t, { accounts });
  const byNumber = (a: { telephoneNumber: string }, b: { telephoneNumber: string }) =>
    a.telephoneNumber < b.telephoneNumber ? -1 : 1;
  const expected = accounts.flatMap(({ id }) => expectedRows(sandbox, id)).toSorted(byNumber);
  t.is(new Set(expected.map((row) => row.telephoneNumber)).size, 1000, 'no number is in two accounts');
  t.deepEqual((await tnRows(sandbox, 'size=400')).toSorted(byNumber), expected);
  t.deepEqual((await tnRows(sandbox, 'size=400&account=9900001')).toSorted(byNumber), expected);
  t.deepEqual(await tnRows(sandbox, 'size=400&accountId=9900002'), expectedRows(sandbox, '9900002'));
});

test('filters apply to the listing', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 3000 });
  const rows = expectedRows(sandbox, '9900000');
  const one = rows.find((row) => row.rateCenter?.includes(' ') && row.tier !== '0') as TnRow;
  const number = one.telephoneNumber;
  const cases: Array<[string, string, (row: TnRow) => boolean]> = [
    ['state', one.state ?? '', (row) => row.state === one.state],
    ['rateCenter', one.rateCenter ?? '', (row) => row.rateCenter === one.rateCenter],
    ['city', one.city ?? '', (row) => row.city === one.city],
    ['lata', one.lata ?? '', (row) => row.lata === one.lata],
    ['tier', one.tier ?? '', (row) => row.tier === one.tier],
    ['npa', number.slice(0, 3), (row) => row.telephoneNumber.startsWith(number.slice(0, 3))],
    ['npaNxx', number.slice(0, 6), (row) => row.telephoneNumber.startsWith(number.slice(0, 6))],
    ['npaNxxX', number.slice(0, 7), (row) => row.telephoneNumber.startsWith(number.slice(0, 7))],
    ['fullNumber', number, (row) => row.telephoneNumber === number],
  ];
  for (const [name, value, filter] of cases) {
    const expected = rows.filter(filter);
    t.true(expected.length > 0 && expected.length < rows.length, name);
    t.deepEqual(
      await tnRows(sandbox, `accountId=9900000&size=70&${name}=${encodeURIComponent(value)}`),
      expected,
      name,
    );
  }
  const { status, body } = await get(sandbox, '/tns?npaNxx=9192384');
  t.is(status, 400);
  t.deepEqual(parse(body).TelephoneNumbersResponse.ResponseStatus, {
    ErrorCode: '15511',
    Description: "The NPA_NXX '9192384' is invalid",
  });
});

test('TelephoneNumberCount is unreliable: on some pages it is one too low', async (t) => {
  const sandbox = await sandboxFor(t);
  const pages = await pagesOf(sandbox, '/tns?accountId=9900000&size=50');
  const lacks = pages.map((page) => {
    return rowsIn(page).length - Number(parse(page).TelephoneNumbersResponse.TelephoneNumberCount);
  });
  t.true(lacks.includes(0));
  t.true(lacks.includes(1));
});

test('an account without numbers has an empty list', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 0 });
  const { status, body } = await get(sandbox, '/tns?accountId=9900000');
  t.is(status, 200);
  t.deepEqual(rowsIn(body), []);
  t.is(linkOf(body, 'next'), undefined);
});

test('POST /tns returns the numbers it finds and lists the others as errors', async (t) => {
  const sandbox = await sandboxFor(t);
  const known = expectedRows(sandbox, '9900000').filter((_, i) => i % 100 === 0);
  const numbers = [...known.map((row) => row.telephoneNumber), '99999999999', '111111111111', '2129999999'];
  const { status, body } = await post(
    sandbox,
    '/tns',
    `<TnList>${numbers.map((n) => `<Tn>${n}</Tn>`).join('')}</TnList>`,
  );
  t.is(status, 200);
  t.deepEqual(rowsIn(body), known);
  t.deepEqual(parse(body).TelephoneNumbersResponse.ErrorList.Error, [
    {
      Code: '15608',
      Description: 'Input contains invalid Telephone Numbers',
      TelephoneNumbers: { TelephoneNumber: ['99999999999', '111111111111'] },
    },
    {
      Code: '15610',
      Description: 'Telephone Numbers cannot be found on accounts',
      TelephoneNumbers: { TelephoneNumber: ['2129999999'] },
    },
  ]);
});

test('POST /tns accepts 2500 numbers and rejects 2501, an empty list and invalid XML', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 2501 });
  const list = (count: number) =>
    `<TnList>${expectedRows(sandbox, '9900000')
      .slice(0, count)
      .map((row) => `<Tn>${row.telephoneNumber}</Tn>`)
      .join('')}</TnList>`;
  const most = await post(sandbox, '/tns', list(2500));
  t.is(rowsIn(most.body).length, 2500);
  t.notRegex(most.body, /ErrorList/);
  const { status, body } = await post(sandbox, '/tns', list(2501));
  t.is(status, 400);
  t.deepEqual(parse(body).TelephoneNumbersResponse.ResponseStatus, {
    ErrorCode: '15607',
    Description: 'The count of Telephone numbers in POST body exceeds the maximum size of 2500',
  });
  for (const wrong of ['', '<TnList/>', '<TnList><Tn>9195551234</TnList>', '{"tn":1}']) {
    t.is((await post(sandbox, '/tns', wrong)).status, 400, wrong);
  }
});

test('a single number has its status, dates, order and account', async (t) => {
  const sandbox = await sandboxFor(t);
  const row = expectedRows(sandbox, '9900000').find(({ city }) => city !== undefined) as TnRow;
  const { status, body } = await get(sandbox, `/tns/${row.telephoneNumber}`);
  t.is(status, 200);
  const order = sandbox
    .account('9900000')
    .orders()
    .find(({ numbers }) => numbers.some(({ telephoneNumber }) => telephoneNumber === row.telephoneNumber));
  const { LastModifiedDate, ...rest } = parse(body).TelephoneNumberResponse;
  t.is(LastModifiedDate, row.lastModified.toISOString().replace('T', ' ').slice(0, 21));
  t.deepEqual(rest, {
    TelephoneNumber: row.telephoneNumber,
    Status: 'Inservice',
    OrderCreateDate: order?.orderDate.toISOString(),
    OrderId: order?.orderId,
    OrderType: 'NEW_NUMBER_ORDER',
    InServiceDate: row.inServiceDate?.toISOString(),
    SiteId: '479',
    AccountId: '9900000',
  });
});

test('details of a NANP number have its location, those of other numbers the country', async (t) => {
  const sandbox = await sandboxFor(t);
  for (const row of expectedRows(sandbox, '9900000').slice(0, 3)) {
    const { status, body } = await get(sandbox, `/tns/${encodeURIComponent(row.telephoneNumber)}/tndetails`);
    t.is(status, 200);
    const details = parse(body).TelephoneNumberResponse.TelephoneNumberDetails;
    t.is(details.FullNumber, row.telephoneNumber);
    t.is(details.City, row.city);
    t.is(details.RateCenter, row.rateCenter);
    t.is(details.Country, row.country);
    t.is(details.AccountId, '9900000');
    const site = sandbox
      .account('9900000')
      .sites()
      .find(({ locations }) => locations.some(({ numbers }) => numbers.includes(row.telephoneNumber)));
    t.deepEqual(details.Site, site && { Id: site.siteId, Name: site.name });
    t.is(details.LastModified, row.lastModified.toISOString());
  }
});

test('an invalid number gets 400, and a number on no account of the user 404', async (t) => {
  const sandbox = await sandboxFor(t);
  for (const path of ['/tns/123456789', '/tns/123456789/tndetails']) {
    const { status, body } = await get(sandbox, path);
    t.is(status, 400);
    t.deepEqual(parse(body).TelephoneNumberResponse.ResponseStatus, {
      ErrorCode: '12512',
      Description: "Telephone number '123456789' is not valid",
    });
  }
  const { status, body } = await get(sandbox, '/tns/2129999999');
  t.is(status, 404);
  t.deepEqual(parse(body).ErrorResponse.irisStatus, { Code: '404', Description: 'Results were not found.' });
});

test('the same seed and size give the same bytes, another seed gives different ones', async (t) => {
  const bytes = async (seed: number) => {
    const sandbox = await startSandbox({ numbers: 3000, seed });
    try {
      return [
        ...(await pagesOf(sandbox, '/tns?accountId=9900000&size=2500')),
        ...(await pagesOf(sandbox, '/accounts/9900000/inserviceNumbers?size=1000')),
      ];
    } finally {
      await sandbox.close();
    }
  };
  const first = await bytes(1);
  t.deepEqual(await bytes(1), first);
  t.notDeepEqual(await bytes(2), first);
});
