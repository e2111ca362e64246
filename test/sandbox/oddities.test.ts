import test from 'ava';
import { UsageError } from '../../src/errors.js';
import { oddityKinds, parseOddities } from '../../src/sandbox/server.js';
import { get, parse, post, sandboxFor } from './client.js';

test('oddities are written as kinds, with a value where they take one', (t) => {
  t.deepEqual(parseOddities(' empty-details '), { 'empty-details': 1 });
  t.deepEqual(parseOddities('empty-details=0'), { 'empty-details': 0 });
  t.deepEqual(parseOddities(''), {});
});

test('an unknown oddity or a bad value is named, with the kinds there are', (t) => {
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

test('empty-details: /tns lists no number and refuses every one that it is asked about', async (t) => {
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
