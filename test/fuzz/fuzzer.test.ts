import { ok } from 'node:assert';
import test from 'ava';
import { readRange } from '../../src/number-file/number-range.js';
import { seed } from '../support/seed.js';
import { fuzz } from './fuzzer.js';

test('an input that breaks a promise is found, and returned with the error', async (t) => {
  const target = {
    name: 'ranges',
    inputs: ['9195550001'],
    dictionary: ['X', ' to '],
    run(input: Buffer) {
      const range = readRange(input.toString());
      ok(range === undefined || 'code' in range || range.count < 100);
    },
  };
  const { finding, corpus } = await fuzz({ target, corpus: [], seed, runs: 200_000 });
  t.regex(finding?.input.toString() ?? '', /X| to /i);
  t.true(finding?.error instanceof Error);
  t.true(corpus.length > 1);
});
