import test from 'ava';
import { deadlinesOn } from '../../src/alerts/deadlines.js';

const on = (day: string) => deadlinesOn(day).map(({ asOf = 'reassigned', days }) => `${asOf} ${days}`);

test('NRUF is due on 1 February and 1 August, disconnected numbers on the 15th of each month', (t) => {
  t.deepEqual(on('2027-01-17'), []);
  t.deepEqual(on('2027-01-18'), ['2026-12-31 14']);
  t.deepEqual(on('2027-02-01'), ['2026-12-31 0']);
  t.deepEqual(on('2027-02-02'), []);
  t.deepEqual(on('2026-08-01'), ['2026-06-30 0']);
  t.deepEqual(on('2026-07-25'), ['2026-06-30 7']);
  t.deepEqual(on('2026-11-11'), []);
  t.deepEqual(on('2026-11-12'), ['reassigned 3']);
  t.deepEqual(on('2026-11-15'), ['reassigned 0']);
});

test('each deadline names the command that prepares it', (t) => {
  t.is(deadlinesOn('2027-01-20')[0]?.command, 'tn-ledger filing prepare --due 2027-02-01');
  t.is(deadlinesOn('2027-01-14')[0]?.command, 'tn-ledger rnd --month 2026-12 --out disconnected.csv');
});
