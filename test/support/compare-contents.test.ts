import test from 'ava';
import { compareContents } from './compare-contents.js';

test('lines are compared by place and by how often each occurs, in any order', (t) => {
  const expected = new Map([
    ['a', ['1', '2', '2']],
    ['b', ['3']],
    ['empty', []],
  ]);
  t.deepEqual(compareContents(new Map([...expected, ['a', ['2', '1', '2']]]), expected), []);
  t.deepEqual(
    compareContents(
      new Map([
        ['a', ['1', '1', '2']],
        ['c', ['4']],
      ]),
      expected,
    ),
    ['a: extra 1', 'a: missing 2', 'b: missing 3', 'c: extra 4'],
  );
});
