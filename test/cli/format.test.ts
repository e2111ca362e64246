import test from 'ava';
import { formatCount, formatDuration, formatTable } from '../../src/cli/format.js';

test('counts have thousands separators', (t) => {
  t.deepEqual([0, 999, 1000, 1234567].map(formatCount), ['0', '999', '1,000', '1,234,567']);
});

test('durations are formatted in the two largest units', (t) => {
  t.deepEqual([0.04, 12.34, 59.9, 245, 3599, 7380, 273_600].map(formatDuration), [
    '0.0 s',
    '12.3 s',
    '59.9 s',
    '4 min 5 s',
    '59 min 59 s',
    '2 h 3 min',
    '3 d 4 h',
  ]);
});

test('a duration never shows sixty of a unit', (t) => {
  t.deepEqual([59.97, 60].map(formatDuration), ['1 min 0 s', '1 min 0 s']);
});

test('a table has a header, a rule and aligned rows, without trailing spaces', (t) => {
  t.is(
    formatTable(
      ['state', 'count', 'note'],
      [
        ['NC', '12', ''],
        ['CA', '3', 'café 日本'],
      ],
      { right: [1] },
    ),
    ['state  count  note', '───────────────────────', 'NC        12', 'CA         3  café 日本'].join('\n'),
  );
});

test('values that look like a rule or have several lines are preserved', (t) => {
  t.is(formatTable(['a'], [['───'], ['x\ny']]), ['a', '───', '───', 'x', 'y'].join('\n'));
});

test('column widths fit the widest value anywhere in a long table', (t) => {
  const rows = Array.from({ length: 1000 }, (_, index) => [`${index}`, index === 700 ? '日本日本日本' : 'x', 'end']);
  const lines = formatTable(['number', 'note', 'last'], rows, { right: [0] }).split('\n');
  t.is(lines.length, 1002);
  t.is(lines[0], 'number  note          last');
  t.is(lines[1], '─'.repeat(26));
  t.is(lines[2], '     0  x             end');
  t.is(lines[702], '   700  日本日本日本  end');
  t.is(lines[1001], '   999  x             end');
});
