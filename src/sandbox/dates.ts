// The formats in which the Dashboard API writes the same kind of date, and the precision (ms) of each.
const forms: ReadonlyArray<{ precision: number; write: (iso: string, time: number) => string }> = [
  { precision: 1000, write: (iso) => `${iso.slice(0, 19)}Z` },
  { precision: 1000, write: (iso) => `${iso.slice(0, 10)}T${iso.slice(11, 19).replaceAll(':', '-')}Z` },
  { precision: 1, write: (iso) => `${iso.slice(0, 10)}T${iso.slice(11, 19).replaceAll(':', '-')}${iso.slice(19)}` },
  { precision: 3_600_000, write: (iso) => iso.slice(0, 13) },
  { precision: 100, write: (iso) => `${iso.slice(0, 10)} ${iso.slice(11, 21)}` },
  { precision: 1000, write: (iso) => `${iso.slice(0, 10)} ${iso.slice(11, 19)}` },
  { precision: 1000, write: (_iso, time) => `${new Date(time + 4 * 3_600_000).toISOString().slice(0, 19)}+04:00` },
  { precision: 86_400_000, write: (iso) => iso.slice(0, 10) },
];

export const dateFormCount = forms.length;

function formOf(index: number) {
  const form = forms[index];
  if (form === undefined) {
    throw new RangeError(`Date form ${index} is out of range; there are ${forms.length} forms.`);
  }
  return form;
}

/** An epoch time truncated to the precision of a format. Some formats leave out the minutes or the time of day. */
export function truncateToForm(formIndex: number, time: number): number {
  const { precision } = formOf(formIndex);
  return Math.floor(time / precision) * precision;
}

/** An epoch time in the nth of the API's date formats. */
export function writeDate(formIndex: number, time: number): string {
  return formOf(formIndex).write(new Date(time).toISOString(), time);
}

/** `2014-03-25 12:55:11.0`, the format of LastModifiedDate in `/tns/{tn}`. */
export function writeDateWithTenths(time: number): string {
  return writeDate(4, time);
}

/** Start of a day (`yyyy-MM-dd`, UTC) as an epoch time; undefined if the text is not a valid day. */
export function parseDay(text: string): number | undefined {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== text ? undefined : time;
}
