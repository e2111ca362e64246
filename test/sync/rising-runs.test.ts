import test from 'ava';
import fc from 'fast-check';
import { createRisingRuns } from '../../src/sync/rising-runs.js';

function allDifferent(keys: readonly string[]): boolean {
  const runs = createRisingRuns();
  for (const key of keys) runs.see(key);
  return runs.allDifferent();
}

test('A list in the order of its texts, or of its numbers, is told to hold each number once', (t) => {
  t.true(allDifferent(['+33140200000', '+442079400000', '+61280126704', '2015550100', '9195550100']));
  t.true(allDifferent(['+33140200000', '+61280126704', '+442079400000', '2015550100', '9195550100']));
  t.true(allDifferent([]));
});

test('A number that comes twice is noticed wherever it comes again', (t) => {
  t.false(allDifferent(['2015550100', '2015550100']));
  t.false(allDifferent(['2015550100', '2015550101', '2015550102', '2015550101', '2015550103']));
  t.false(allDifferent(['2015550100', '2015550101', '2015550100']));
});

test('Of any keys, it never calls those different that are not', (t) => {
  const key = fc.stringMatching(/^\+?[0-9]{1,3}$/);
  fc.assert(
    fc.property(fc.array(key, { maxLength: 40 }), (keys) => {
      if (allDifferent(keys)) t.is(new Set(keys).size, keys.length);
    }),
  );
  t.pass();
});
