import test from 'ava';
import { UsageError } from '../../src/errors.js';
import { oddityKinds, parseOddities } from '../../src/sandbox/server.js';
import { get, pagesOf, parse, post, sandboxFor } from './client.js';

test('oddities are parsed as kinds with optional values', (t) => {
  t.deepEqual(parseOddities(' empty-details '), { 'empty-details': 1 });
  t.deepEqual(parseOddities('empty-details=0'), { 'empty-details': 0 });
  t.deepEqual(parseOddities(''), {});
});

test('the error for an unknown oddity or invalid value names it and lists the kinds', (t) => {
  for (const [text, named] of [
    ['nothing=1', "'nothing'"],
    ['empty-details=2', '2'],
    ['empty-details=yes', '"empty-details=yes"'],
  ] as const) {
    const error = t.throws(() => parseOddities(text), { instanceOf: UsageError });
    t.true(error?.message.includes(named), `${text}: ${error?.message}`);
    t.true(Object.keys(oddityKinds).every((kind) => error?.hint?.includes(kind)));
  }
});

test('empty-details: /tns lists no numbers and rejects every lookup', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 5, oddities: { 'empty-details': 1 } });
  const list = parse((await get(sandbox, '/tns?accountId=9900000')).body);
  t.is(list.TelephoneNumbersResponse.TelephoneNumbers.trim(), '');
  const [number] = [...sandbox.account('9900000').numbers()];
  const looked = parse((await post(sandbox, '/tns', `<TnList><Tn>${number?.telephoneNumber}</Tn></TnList>`)).body);
  t.is(looked.TelephoneNumbersResponse.ErrorList.Error.Code, '15610');
  sandbox.oddities = {};
  t.is(
    parse((await get(sandbox, '/tns?accountId=9900000')).body).TelephoneNumbersResponse.TelephoneNumbers.TelephoneNumber
      .length,
    5,
  );
});

test('e164: the given share of numbers is written as +1 and ten digits; requests accept both forms', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 400, oddities: { e164: 0.5 } });
  const held = [...sandbox.account('9900000').numbers()].filter(({ telephoneNumber }) => /^\d/.test(telephoneNumber));
  const spelled = (body: string) => new Set(body.match(/\+1[2-9]\d{9}/g));
  const listed = spelled((await get(sandbox, '/accounts/9900000/inserviceNumbers?size=500')).body);
  const detailed = spelled((await get(sandbox, '/tns?accountId=9900000&size=500')).body);
  for (const some of [listed, detailed]) t.true(some.size > held.length * 0.4 && some.size < held.length * 0.6);
  t.notDeepEqual(listed, detailed);
  const [number] = listed;
  t.is((await get(sandbox, `/accounts/9900000/inserviceNumbers/${number}`)).status, 200);
  t.is((await get(sandbox, `/accounts/9900000/inserviceNumbers/${number?.slice(2)}`)).status, 200);
  const both = `<TnList><Tn>${number}</Tn><Tn>${number?.slice(2)}</Tn></TnList>`;
  const looked = parse((await post(sandbox, '/tns', both)).body).TelephoneNumbersResponse;
  t.is(looked.TelephoneNumbers.TelephoneNumber.length, 1);
  const pages = await pagesOf(sandbox, '/tns?accountId=9900000&size=100');
  t.is(pages.flatMap((page) => page.match(/<FullNumber>/g) ?? []).length, 400);
  t.true(pages.some((page) => /page=%2B1\d{10}&amp;/.test(page)));
  sandbox.oddities = { e164: 1 };
  const all = (await get(sandbox, '/accounts/9900000/inserviceNumbers?size=500')).body;
  t.notRegex(all, />\s*\d{10}\s*</);
});

test('oddities of numbers in service change what /tns returns, but not the single-number check', async (t) => {
  const kinds = ['foreign-details', 'foreign-rows', 'refused-details', 'silent-details', 'aging-details'] as const;
  const sandbox = await sandboxFor(t, { numbers: 60, oddities: Object.fromEntries(kinds.map((kind) => [kind, 2])) });
  // In the order of the in-service list, two numbers per kind.
  const list = parse((await get(sandbox, '/accounts/9900000/inserviceNumbers')).body).TNs;
  const listed: string[] = list.TelephoneNumbers.TelephoneNumber;
  const of = (index: number) => listed.slice(index * 2, index * 2 + 2).sort();
  const tns = async (path: string) => {
    const { TelephoneNumber } = parse((await get(sandbox, path)).body).TelephoneNumbersResponse.TelephoneNumbers;
    return new Map<string, { AccountId: string; Status: string }>(
      TelephoneNumber.map((each: { FullNumber: string }) => [each.FullNumber, each]),
    );
  };
  const [own, all] = [await tns('/tns?accountId=9900000'), await tns('/tns')];
  const body = `<TnList>${listed.map((number) => `<Tn>${number}</Tn>`).join('')}</TnList>`;
  const looked = parse((await post(sandbox, '/tns', body)).body).TelephoneNumbersResponse;
  const posted = new Map<string, { AccountId: string; Status: string }>(
    looked.TelephoneNumbers.TelephoneNumber.map((each: { FullNumber: string }) => [each.FullNumber, each]),
  );
  const shown = (from: typeof own, index: number) =>
    of(index).map((number) => {
      const { AccountId, Status } = from.get(number) ?? {};
      return AccountId && `${AccountId} ${Status}`;
    });
  const twice = (text?: string) => [text, text];
  for (const [index, expected] of [
    [undefined, '9999999 Inservice', '9999999 Inservice'],
    ['9999999 Inservice', '9999999 Inservice', '9999999 Inservice'],
    [undefined, undefined, undefined],
    [undefined, undefined, undefined],
    ['9900000 Aging', '9900000 Aging', '9900000 Aging'],
  ].entries()) {
    t.deepEqual(
      [own, all, posted].map((from) => shown(from, index)),
      expected.map(twice),
      kinds[index],
    );
  }
  const error = looked.ErrorList.Error;
  t.is(error.Code, '15610');
  t.deepEqual(error.TelephoneNumbers.TelephoneNumber.toSorted(), of(2));
  t.is(posted.size, listed.length - 4);
  for (const number of listed.slice(0, 10)) {
    t.is((await get(sandbox, `/accounts/9900000/inserviceNumbers/${encodeURIComponent(number)}`)).status, 200);
  }
});

test('unlisted-others: numbers of another status are missing from the list but found by lookups', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 20, oddities: { 'unlisted-others': 1 } });
  const account = sandbox.account('9900000');
  const [number] = [...account.numbers()].filter(({ listedInService }) => listedInService);
  const others = [...account.numbers()].filter(({ listedInService }) => !listedInService).length;
  account.disconnect([number?.telephoneNumber as string], { aging: true });
  sandbox.oddities = { 'unlisted-others': others + 1 };
  t.false((await get(sandbox, '/tns?accountId=9900000')).body.includes('<Status>Aging</Status>'));
  const looked = await post(sandbox, '/tns', `<TnList><Tn>${number?.telephoneNumber}</Tn></TnList>`);
  t.true(looked.body.includes('<Status>Aging</Status>'));
});

test('partial-without-failures: PARTIAL orders withhold failed numbers for a day or until it is off', async (t) => {
  const amounts = { orders: 0, disconnects: 0, portins: 0, portouts: 0, assignments: 0 };
  const sandbox = await sandboxFor(t, { ...amounts, numbers: 10, oddities: { 'partial-without-failures': 1 } });
  const account = sandbox.account('9900000');
  const [number = ''] = [...account.numbers()].map(({ telephoneNumber }) => telephoneNumber);
  const place = () => account.placeAssignment({ action: 'ASSIGN', numbers: [number, '2025550123'], done: true });
  const [first, second] = [place(), place()];
  const read = async ({ orderId }: { orderId: string }) => {
    const order = parse(
      (await get(sandbox, `/accounts/9900000/numbersAssignment/${orderId}`)).body,
    ).TelephoneNumbersAssignmentOrderResponse;
    const failed = order.Errors?.Error.TelephoneNumbers.TelephoneNumber;
    return [order.ProcessingStatus, order.FailedQuantity, failed].map((text) => String(text).trim());
  };
  const whole = ['PARTIAL', '1', '2025550123'];
  t.deepEqual(await read(first), ['PARTIAL', '1', 'undefined']);
  t.deepEqual(await read(second), whole);
  sandbox.oddities = {};
  t.deepEqual(await read(first), whole);
  sandbox.oddities = { 'partial-without-failures': 1 };
  t.deepEqual(await read(first), ['PARTIAL', '1', 'undefined']);
  sandbox.clock.advance(86_400_000);
  t.deepEqual(await read(first), whole);
});

test('lost-failed-quantity: assignment orders and their list omit the failed count', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 10, oddities: { 'lost-failed-quantity': 1 } });
  const order = sandbox
    .account('9900000')
    .placeAssignment({ action: 'ASSIGN', numbers: ['2025550123', '2025550124'], done: true });
  for (const path of ['', `/${order.orderId}`]) {
    const { body } = await get(sandbox, `/accounts/9900000/numbersAssignment${path}`);
    t.true(body.includes(order.orderId));
    t.false(body.includes('FailedQuantity'));
  }
});
