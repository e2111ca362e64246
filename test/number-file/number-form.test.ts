import test from 'ava';
import { readLedgerNumber, readNumber } from '../../src/number-file/number-form.js';

const forms = [
  '9199918388',
  ' 9199918388 ',
  '+1 (919) 991-8388',
  '1-919-991-8388',
  '919.991.8388',
  '(919)9918388',
  '919 991 8388',
  '919/991-8388',
  '+19199918388',
  '19199918388',
  '919\u2011991\u20138388',
  '\u00a0919\u00a0991\u00a08388',
  '\u202a+1 919-991-8388\u202c',
  "'9199918388",
  '\u20199199918388',
  'tel:+1-919-991-8388',
  'TEL:9199918388',
  '\uff08919\uff09991\uff0d8388',
  '\uff19\uff11\uff19\uff19\uff19\uff11\uff18\uff13\uff18\uff18',
  '\u0669\u0661\u0669\u0669\u0669\u0661\u0668\u0663\u0668\u0668',
  '919\u00b7991\u00b78388',
  '="9199918388"',
  '9199918388.0',
  '9.199918388E+09',
  '9.199918388e9',
  '9,199918388E+09',
  '9.1999183880E+09',
  '1.9199918388E+10',
];

for (const form of forms) {
  test(`${JSON.stringify(form)} is the number 9199918388`, (t) => {
    t.is(readNumber(form), '9199918388');
  });
}

const refused: Record<string, [string, RegExp]> = {
  '': ['no-number', /the cell has no number/],
  '  ': ['no-number', /the cell has no number/],
  '-': ['not-a-number', /not a telephone number/],
  '9.19992E+09': ['lost-digits', /lost its last digits/],
  '9.19991839E+09': ['lost-digits', /lost its last digits/],
  '1.91999E+10': ['lost-digits', /lost its last digits/],
  '9E9': ['lost-digits', /lost its last digits/],
  '9.1999183885E+08': ['not-a-number', /not a telephone number/],
  '919991838': ['not-a-number', /9 digits/],
  '91999183888': ['not-a-number', /11 digits/],
  '9199918388 ext. 12': ['extension', /has an extension/],
  '919-991-8388 x12': ['extension', /has an extension/],
  'tel:+1-919-991-8388;ext=12': ['extension', /has an extension/],
  'tel:991-8388;phone-context=+1919': ['not-a-number', /not a telephone number/],
  '919991838\u00b2': ['not-a-number', /not a telephone number/],
  '\u2460919991838': ['not-a-number', /not a telephone number/],
  '=A1&B1': ['not-a-number', /a formula without a stored value/],
  none: ['not-a-number', /not a telephone number/],
  '9199918388.5': ['not-a-number', /11 digits/],
  '+442071838750': ['not-nanp', /North American/],
  '+9199918388': ['not-nanp', /North American/],
  '0199918388': ['not-nanp', /area code 019 begins with 0/],
  '1199918388': ['not-nanp', /area code 119 begins with 1/],
  '9190918388': ['not-nanp', /exchange 091 begins with 0/],
  '9191918388': ['not-nanp', /exchange 191 begins with 1/],
  '9119918388': ['not-nanp', /area code 911 is a service code/],
  '9194118388': ['not-nanp', /exchange 411 is a service code/],
};

for (const [cell, [code, reason]] of Object.entries(refused)) {
  test(`${JSON.stringify(cell)} is refused as ${code}`, (t) => {
    const problem = readNumber(cell);
    if (typeof problem === 'string') return t.fail(`taken as ${problem}`);
    t.is<string, string>(problem.code, code);
    t.regex(problem.reason, reason);
  });
}

test('a problem quotes a long cell only in part', (t) => {
  const problem = readNumber('x'.repeat(100_000));
  t.true(typeof problem === 'object' && problem.reason.length < 100);
});

test('a number to look up may be in another country, with a plus', (t) => {
  t.is(readLedgerNumber('+44 20 7946 0958'), '+442079460958');
  t.is(readLedgerNumber('(919) 991-8388'), '9199918388');
  for (const text of ['442079460958', '+1 199 991 8388', '+44', '+44 20 call me'])
    t.is(typeof readLedgerNumber(text), 'object', text);
});
