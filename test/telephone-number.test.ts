import test from 'ava';
import { parseApiErrors } from '../src/dashboard/errors.js';
import { parseListPage, parseWholeListPage } from '../src/dashboard/list-page.js';
import { parseOrderAnswer } from '../src/dashboard/order-answer.js';
import { parseXml } from '../src/dashboard/xml.js';
import { toLedgerNumber } from '../src/telephone-number.js';
import fc from './support/fast-check.js';
import { inserviceNumbers, orderDetails, portouts } from './support/resources.js';

test('+1 and ten digits becomes the ten-digit number; any other text is unchanged', (t) => {
  t.is(toLedgerNumber('+19199918388'), '9199918388');
  for (const text of [
    ...[
      '9199918388',
      '+33140289562',
      '+1919991838',
      '+191999183881',
      '19199918388',
      '',
      '+1 919991838',
      '+1919991838O',
    ],
    ...['+2919991838', '+29199918388', ' 19199918388'],
  ]) {
    t.is(toLedgerNumber(text), text);
  }
});

test('a page reads the same in either number format, with either parser', (t) => {
  const digits = fc.integer({ min: 2_000_000_000, max: 9_999_999_999 }).map(String);
  const spelled = fc.tuple(digits, fc.constantFrom('', '+1', '&#43;1', '+&#49;', '\n  +1'));
  fc.assert(
    fc.property(fc.array(spelled, { minLength: 1, maxLength: 20 }), fc.boolean(), (numbers, plain) => {
      const page = (texts: readonly string[]) =>
        `<TNs><TelephoneNumbers>${texts.map((text) => `<TelephoneNumber${plain ? '' : ' a="b"'}>${text}</TelephoneNumber>`).join('')}</TelephoneNumbers></TNs>`;
      const mixed = page(numbers.map(([number, before]) => before + number));
      const expected = numbers.map(([number]) => [number]);
      for (const read of [parseListPage, parseWholeListPage]) {
        t.deepEqual(
          read(mixed, inserviceNumbers).items.map(({ values }) => values),
          expected,
        );
      }
    }),
    { numRuns: 300 },
  );
});

test('repeated numbers in an entry are normalized, and text that is not a number is unchanged', (t) => {
  const { items } = parseListPage(
    '<LNPResponseWrapper><lnpPortInfoForGivenStatus><FullNumber>+19199918388</FullNumber><FullNumber>9199918389</FullNumber>' +
      '<CustomerOrderId>+19199918388</CustomerOrderId><Tns><Tn>+19199918388</Tn><Note>+19199918388</Note></Tns></lnpPortInfoForGivenStatus></LNPResponseWrapper>',
    portouts,
  );
  t.deepEqual(JSON.parse(JSON.stringify(items[0]?.extra)), {
    FullNumber: ['9199918388', '9199918389'],
    Tns: { Tn: '9199918388', Note: '+19199918388' },
  });
  t.is(items[0]?.values[portouts.fields.indexOf('CustomerOrderId')], '+19199918388');
});

test('an order, its errors and its stored data list each number once, in ten digits', (t) => {
  const answer = parseOrderAnswer(
    `<OrderResponse><ErrorList><Error><Code>5005</Code><TelephoneNumber>+19199918390</TelephoneNumber></Error></ErrorList>
     <Order><id>a</id><ExistingTelephoneNumberOrderType><TelephoneNumberList><TelephoneNumber>+19199918388</TelephoneNumber></TelephoneNumberList></ExistingTelephoneNumberOrderType></Order>
     <OrderStatus>PARTIAL</OrderStatus><CompletedNumbers><TelephoneNumber><FullNumber>+19199918388</FullNumber></TelephoneNumber>
     <TelephoneNumber><FullNumber>9199918388</FullNumber></TelephoneNumber></CompletedNumbers></OrderResponse>`,
    orderDetails,
    'a',
  );
  t.deepEqual(answer.numbers, ['9199918388']);
  t.deepEqual(answer.errors[0]?.telephoneNumbers, ['9199918390']);
  t.notRegex(JSON.stringify(answer.rest), /\+1/);
});

test('an error lists each of its numbers once, in either format', (t) => {
  const errors = parseApiErrors(
    parseXml(
      '<R><Errors><Code>1</Code><TelephoneNumbers><Tn>+19199918388</Tn><Tn>9199918388</Tn><Tn>+33140289562</Tn></TelephoneNumbers></Errors></R>',
    ),
  );
  t.deepEqual(errors[0]?.telephoneNumbers, ['9199918388', '+33140289562']);
});
