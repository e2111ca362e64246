import test from 'ava';
import { mergeResults, type Result } from '../../bench/results.js';
import { cellsOf, resultsPage, titles } from '../../bench/table.js';

const first: Result = {
  benchmark: 'numbers',
  work: 'first run',
  size: 10_000,
  unit: 'numbers',
  goals: { floor: 2, rival: 3 },
  ours: { seconds: [3, 2, 10], peakBytes: 120_000_000 },
  floor: { seconds: [2, 1, 4] },
  rival: { seconds: [6, 8, 20], peakBytes: 90_000_000 },
  date: '2026-11-30',
  commit: 'abc1234',
  machine: 'Some processor, 2 cores',
};
const byTitle = (result: Result) => Object.fromEntries(titles.map((title, index) => [title, cellsOf(result)[index]]));

test('a row has medians with their spread, and the medians of ratios per round with their goals', (t) => {
  t.deepEqual(byTitle(first), {
    work: 'first run',
    size: '10,000 numbers',
    seconds: '3.00 (2.00–10.00)',
    'µs each': '300',
    'peak memory': '120 MB',
    'floor, seconds': '2.00 (1.00–4.00)',
    'times the floor': '2.00 (goal ≤ 2)',
    'rival, seconds': '8.00 (6.00–20.00)',
    'rival, memory': '90 MB',
    'times as fast as the rival': '2.00 (goal ≥ 3, missed)',
  });
});

test('the median of an even number of rounds is the mean of the middle two', (t) => {
  t.is(byTitle({ ...first, ours: { seconds: [1, 4, 2, 9] } }).seconds, '3.00 (1.00–9.00)');
});

test('a row without a floor, a rival or a peak says so', (t) => {
  const { floor, rival, ...alone } = first;
  t.deepEqual(cellsOf({ ...alone, ours: { seconds: [12.34] } }).slice(2), ['12.3', '1,234', ...Array(6).fill('–')]);
});

test('results of other work and other sizes stay, and newer results of the same replace the older', (t) => {
  const second = { ...first, work: 'second run' };
  const large = { ...first, size: 1_000_000 };
  const newer = { ...first, commit: 'def5678', date: '2026-12-01' };
  t.deepEqual(mergeResults([first, second, large], [newer]), [newer, large, second]);
  t.deepEqual(mergeResults([], [large, first]), [first, large]);
});

test('a row with the rival at a smaller size does not replace the one with the floor', (t) => {
  const { floor, ...withRival } = first;
  const { rival, ...withFloor } = first;
  t.is(mergeResults([withFloor], [withRival]).length, 2);
});

test('the page names each machine and, per row, when, with what and where it was measured', (t) => {
  const page = resultsPage([first, { ...first, size: 20_000, commit: 'def5678', machine: 'Another, 8 cores' }]);
  t.regex(page, /^Machine 1: Some processor, 2 cores\.\nMachine 2: Another, 8 cores\.$/m);
  t.regex(page, /\| first run \| 10,000 numbers \|.*\| 2026-11-30, abc1234, machine 1 \|/);
  t.regex(page, /\| first run \| 20,000 numbers \|.*\| 2026-11-30, def5678, machine 2 \|/);
  t.notRegex(resultsPage([first]), /machine 1/i);
});
