import test from 'ava';
import { parseApiDate, toTimestamp } from '../../src/dashboard/dates.js';
import fc from '../support/fast-check.js';

const forms: Record<string, string> = {
  '2014-11-21T14:00:33.836Z': '2014-11-21T14:00:33.836Z',
  '2014-12-04T13:00:00Z': '2014-12-04T13:00:00.000Z',
  '2014-01-10T17-34-15Z': '2014-01-10T17:34:15.000Z',
  '2014-01-10T17-34-15.797Z': '2014-01-10T17:34:15.797Z',
  '2013-12-20T06': '2013-12-20T06:00:00.000Z',
  '2014-03-25 12:55:11.0': '2014-03-25T12:55:11.000Z',
  '2017-11-01 14:12:16': '2017-11-01T14:12:16.000Z',
  '2019-10-31T17:15:00+04:00': '2019-10-31T13:15:00.000Z',
  '2015-06-15': '2015-06-15T00:00:00.000Z',
  '2019-10-31T17:15:00-0430': '2019-10-31T21:45:00.000Z',
  '2014-11-21T14:00:33.8369991Z': '2014-11-21T14:00:33.836Z',
  '2016-02-29': '2016-02-29T00:00:00.000Z',
  '1990-01-01': '1990-01-01T00:00:00.000Z',
  '2100-12-31T23:59:59.999Z': '2100-12-31T23:59:59.999Z',
  ' \n2015-06-15 ': '2015-06-15T00:00:00.000Z',
};

for (const [text, expected] of Object.entries(forms)) {
  test(`the date ${JSON.stringify(text)} is ${expected}`, (t) => {
    t.is(parseApiDate(text)?.toISOString(), expected);
  });
}

const noDates = [
  '',
  'yesterday',
  '2014-02-30',
  '2015-02-29',
  '2014-13-01',
  '2014-00-10',
  '2014-01-00',
  '1989-12-31',
  '2101-01-01',
  '14-01-10',
  '2014-1-1',
  '2014-01-10T24:00:00Z',
  '2014-01-10T17:60:00Z',
  '2014-01-10T17:34:60Z',
  '2014-01-10T17:34-15Z',
  '2014-01-10T17:34',
  '2014-01-10 06',
  '2014-01-10T17:34:15+25:00',
  '2014-01-10T17:34:15+04:60',
  '2014-01-10T17:34:15.Z',
  '2014-01-10T17:34:15Z and more',
  '1417700000000',
  '\u0662\u0660\u0661\u0664-01-10',
];

for (const text of noDates) {
  test(`${JSON.stringify(text)} is not a date`, (t) => {
    t.is(parseApiDate(text), undefined);
  });
}

test('every instant in any of the formats is parsed back to the same instant', (t) => {
  const instants = fc.date({ min: new Date('1990-01-02'), max: new Date('2100-12-30'), noInvalidDate: true });
  fc.assert(
    fc.property(instants, (date) => {
      const iso = date.toISOString();
      const whole = `${iso.slice(0, 19)}.000Z`;
      t.is(parseApiDate(iso)?.toISOString(), iso);
      t.is(parseApiDate(iso.replaceAll(':', '-'))?.toISOString(), iso);
      t.is(parseApiDate(iso.slice(0, 19).replace('T', ' '))?.toISOString(), whole);
      t.is(parseApiDate(iso.slice(0, 10))?.toISOString(), `${iso.slice(0, 10)}T00:00:00.000Z`);
      t.is(parseApiDate(iso.slice(0, 13))?.toISOString(), `${iso.slice(0, 13)}:00:00.000Z`);
    }),
  );
});

test('an ISO 8601 date in UTC is returned unchanged for every valid day, and for no other', (t) => {
  const two = (value: number) => String(value).padStart(2, '0');
  for (const year of [1990, 1999, 2000, 2023, 2024, 2100]) {
    for (let month = 0; month <= 13; month += 1) {
      for (let day = 0; day <= 32; day += 1) {
        const text = `${year}-${two(month)}-${two(day)}T23:59:59.999Z`;
        const expected = parseApiDate(text)?.toISOString();
        t.is(toTimestamp(text), expected, text);
        t.is(expected === undefined, new Date(Date.UTC(year, month - 1, day)).getUTCDate() !== day || month % 13 === 0);
      }
    }
  }
  t.is(toTimestamp('2014-11-21T14:00:33.8Z'), '2014-11-21T14:00:33.8Z');
  t.is(toTimestamp('2014-03-31 12:55:11.0'), '2014-03-31T12:55:11.000Z');
  t.is(toTimestamp('2014-02-30T00:00:00Z'), undefined);
});
