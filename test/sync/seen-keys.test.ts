import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import test from 'ava';
import { createSeenKeys } from '../../src/sync/seen-keys.js';
import fc from '../support/fast-check.js';

function allDifferent(keys: Iterable<string>): boolean {
  const seen = createSeenKeys();
  for (const key of keys) seen.add(key);
  return seen.allDifferent();
}

function* numbers(count: number, step: number): Generator<string> {
  for (let index = 0; index < count; index += 1) yield String(2_000_000_000 + index * step);
}

test('distinct numbers in any order are all different', (t) => {
  t.true(allDifferent(['+33140200000', '9195550100', '+442079400000', '2015550100', '2015550099', 'a3f0-77']));
  t.true(allDifferent([...numbers(5000, 7)].reverse()));
  t.true(allDifferent([]));
});

test('a repeated number is detected at any position', (t) => {
  t.false(allDifferent(['2015550100', '2015550100']));
  t.false(allDifferent(['2015550100', '9195550101', '+33140200000', '2015550102', '+33140200000']));
  t.false(allDifferent([...numbers(3000, 1), '2000000000', ...numbers(10, 1001)]));
});

test('a million numbers in blocks are tracked, and numbers in too many blocks are not', (t) => {
  t.true(allDifferent(numbers(1_000_000, 2)));
  t.false(allDifferent(numbers(20_001, 1000)));
  t.false(allDifferent(Array.from({ length: 10_001 }, (_, index) => `order-${index}`)));
});

test('keys count as different only if they are', (t) => {
  const digits = fc.constantFrom('0', '1', '9');
  const number = fc.string({ unit: digits, minLength: 10, maxLength: 10 }).map((text) => `2${text.slice(1)}`);
  const key = fc.oneof(number, fc.stringMatching(/^\+?[0-9a-fxE.]{1,11}$/));
  fc.assert(
    fc.property(fc.array(key, { maxLength: 60 }), (keys) => {
      if (allDifferent(keys)) t.is(new Set(keys).size, keys.length);
    }),
  );
  fc.assert(
    fc.property(fc.uniqueArray(number, { maxLength: 60 }), (keys) => {
      t.true(allDifferent(keys));
    }),
  );
});

test('no page is kept in memory by its keys', (t) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  const page = (number: number) => Buffer.from(`<Id>order-${number}-of-many</Id>`.padEnd(1_000_000)).toString();
  const seen = createSeenKeys();
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let number = 0; number < 100; number += 1) seen.add(/order[^<]+/.exec(page(number))?.[0] ?? '');
  collect();
  t.true(seen.allDifferent());
  t.true(process.memoryUsage().heapUsed - before < 10_000_000);
});
