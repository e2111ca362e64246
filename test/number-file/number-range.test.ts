import test from 'ava';
import { readNumber } from '../../src/number-file/number-form.js';
import { numbersOf, readRange } from '../../src/number-file/number-range.js';
import fc from '../support/fast-check.js';

const hundred = [
  '919-555-0000 to 0099',
  '919-555-0000 TO 555-0099',
  '9195550000-9195550099',
  '919-555-0000 - 919-555-0099',
  '919-555-0000-919-555-0099',
  '1-919-555-0000-1-919-555-0099',
  '+1 919 555 0000 – +1 919 555 0099',
  '(919) 555-0000 through (919) 555-0099',
  '919.555.0000 thru 0099',
  '9195550000..9195550099',
  '919.555.0000 – 0099',
  '919-555-0000—0099',
  '919-555-00XX',
  '919-555-00xx',
  '+1 (919) 555-00xx',
  '１-919-555-00XX',
];

for (const cell of hundred) {
  test(`${JSON.stringify(cell)} is a hundred numbers`, (t) => {
    t.deepEqual(readRange(cell), { first: '9195550000', count: 100 });
  });
}

const refused: Record<string, RegExp> = {
  '919-555-0000-0099': /may be a range or a number with an extension/,
  '919-555-0000 - 0099': /may be a range or a number with an extension/,
  '919–555–0000–0099': /may be a range or a number with an extension/,
  '9195550000-99': /may be a range or a number with an extension/,
  '919-555-0099 to 0000': /9195550000 is before 9195550099/,
  '919-555-9990 to 919-556-0009': /leaves the exchange 919-555/,
  '919-555-0000 to 99': /"99" has 2 digits/,
  '919-055-0000 to 0099': /exchange 055/,
  '919-411-00XX': /exchange 411 is a service code/,
  '919-55X-XXXX': /stands for more than 10,000/,
  '919-555-0XX': /has 7 digits and 2 X/,
  '919-555-0000X': /has 10 digits and 1 X/,
  '919-555-0000 to 0009 to 0019': /more than one range/,
};

for (const [cell, reason] of Object.entries(refused)) {
  test(`${JSON.stringify(cell)} is refused as a range`, (t) => {
    const range = readRange(cell);
    if (range === undefined || !('code' in range)) return t.fail(JSON.stringify(range));
    t.is(range.code, 'bad-range');
    t.regex(range.reason, reason);
  });
}

for (const cell of ['9195550000', 'to be announced', '919-555-0000 x12', '-', 'n/a', `${'-'.repeat(100_000)}1`]) {
  test(`${JSON.stringify(cell.slice(0, 20))} is not a range`, (t) => {
    t.is(readRange(cell), undefined);
  });
}

/** An area code or exchange that may begin a number. */
const code = fc.integer({ min: 200, max: 999 }).filter((value) => value % 100 !== 11);
const lastDigits = fc.integer({ min: 0, max: 9999 });
const padded = (value: number) => String(value).padStart(4, '0');
const spelled = fc.constantFrom<(npa: string, nxx: string, last: string) => string>(
  (npa, nxx, last) => npa + nxx + last,
  (npa, nxx, last) => `+1 (${npa}) ${nxx}-${last}`,
  (npa, nxx, last) => `1-${npa}-${nxx}-${last}`,
  (npa, nxx, last) => `'${npa}.${nxx}.${last}`,
  (npa, nxx, last) => `tel:+1-${npa}-${nxx}-${last}`,
  (npa, nxx, last) => `\u00a0${npa}\u2011${nxx}\u2013${last}\u200b`,
  (npa, nxx, last) => String(Number(npa + nxx + last).toExponential()),
  (npa, nxx, last) => [...(npa + nxx + last)].map((digit) => String.fromCharCode(0xff10 + Number(digit))).join(''),
);

test('any spelling of a number is read as that number, and never as a range', (t) => {
  fc.assert(
    fc.property(code, code, lastDigits, spelled, (npa, nxx, last, spell) => {
      const cell = spell(String(npa), String(nxx), padded(last));
      t.is(readNumber(cell), `${npa}${nxx}${padded(last)}`, cell);
    }),
  );
  t.pass();
});

const separator = fc.constantFrom(' to ', '-', ' - ', ' – ', ' through ', '..', 'thru');
const plain = fc.constantFrom<(npa: string, nxx: string, last: string) => string>(
  (npa, nxx, last) => npa + nxx + last,
  (npa, nxx, last) => `(${npa}) ${nxx}-${last}`,
  (npa, nxx, last) => `+1-${npa}-${nxx}-${last}`,
  (npa, nxx, last) => `${npa}.${nxx}.${last}`,
);

test('a range of two whole numbers is exactly the numbers between them', (t) => {
  fc.assert(
    fc.property(code, code, lastDigits, lastDigits, plain, separator, (npa, nxx, one, other, spell, between) => {
      const [first, last] = [Math.min(one, other), Math.max(one, other)];
      const number = (value: number) => spell(String(npa), String(nxx), padded(value));
      const range = readRange(`${number(first)}${between}${number(last)}`);
      if (range === undefined || 'code' in range) return t.fail(JSON.stringify(range));
      const expected = Array.from({ length: last - first + 1 }, (_, index) => `${npa}${nxx}${padded(first + index)}`);
      t.deepEqual([...numbersOf(range)], expected);
    }),
  );
});

test('no text is read as both a number and a range', (t) => {
  const text = fc.string({
    unit: fc.constantFrom('9', '1', '5', '0', '-', ' ', 'x', 'X', '–', 'to', '.', '(', ')', '+'),
  });
  fc.assert(
    fc.property(text, (cell) => {
      const range = readRange(cell);
      return typeof readNumber(cell) !== 'string' || range === undefined || 'code' in range;
    }),
    { numRuns: 2000 },
  );
  t.pass();
});
