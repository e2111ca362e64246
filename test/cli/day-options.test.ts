import test from 'ava';
import { parseTimeOption } from '../../src/cli/day-options.js';

for (const [text, iso] of [
  ['2026-01-28', '2026-01-28T00:00:00Z'],
  ['2026-01-28 15:00 UTC', '2026-01-28T15:00:00Z'],
  ['2026-01-28T15:00Z', '2026-01-28T15:00:00Z'],
  ['2026-01-28 15:00:01.123456', '2026-01-28T15:00:01.123456Z'],
  ['2026-01-28 10:00-05', '2026-01-28T10:00:00-05:00'],
  ['2026-01-28T20:30:00+0530', '2026-01-28T20:30:00+05:30'],
] as const) {
  test(`the time ${text} is ${iso}`, (t) => {
    t.is(parseTimeOption('--known-at', text), iso);
  });
}

for (const text of [
  '',
  'now',
  '2026-02-30',
  '2026-01-28 25:00',
  '2026-01-28 15',
  '1/28/2026',
  '2026-01-28 15:00 EST',
]) {
  test(`the time ${JSON.stringify(text)} is a usage error`, (t) => {
    t.throws(() => parseTimeOption('--known-at', text), {
      message: `--known-at must be a date or a time, such as 2026-01-28 or "2026-01-28 15:00 UTC", not ${JSON.stringify(text)}.`,
    });
  });
}
