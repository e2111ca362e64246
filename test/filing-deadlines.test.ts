import test from 'ava';
import { nextDeadlines } from '../src/filing-deadlines.js';

const on = (day: string) => nextDeadlines(day).map(({ due, days, asOf = 'reassigned' }) => `${due} ${days} ${asOf}`);

test('the next deadline of each filing is known on every day, the nearest first', (t) => {
  t.deepEqual(on('2026-11-28'), ['2026-12-15 17 reassigned', '2027-02-01 65 2026-12-31']);
  t.deepEqual(on('2026-12-31'), ['2027-01-15 15 reassigned', '2027-02-01 32 2026-12-31']);
  t.deepEqual(on('2027-02-01'), ['2027-02-01 0 2026-12-31', '2027-02-15 14 reassigned']);
  t.deepEqual(on('2027-02-02'), ['2027-02-15 13 reassigned', '2027-08-01 180 2027-06-30']);
  t.deepEqual(on('2027-02-16'), ['2027-03-15 27 reassigned', '2027-08-01 166 2027-06-30']);
  t.deepEqual(on('2027-08-02'), ['2027-08-15 13 reassigned', '2028-02-01 183 2027-12-31']);
  t.deepEqual(on('2028-01-31'), ['2028-02-01 1 2027-12-31', '2028-02-15 15 reassigned']);
});
