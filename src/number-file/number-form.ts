import { toLedgerNumber } from '../telephone-number.js';

/** Why a cell isn't a valid number: a stable code, and an explanation for the author of the file. */
export interface NumberProblem {
  code: 'no-number' | 'not-a-number' | 'lost-digits' | 'not-nanp' | 'extension' | 'bad-range';
  reason: string;
}

/** Whitespace and invisible characters that spreadsheets and address books put around and inside numbers. */
const blanks = /[\s\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]+/g;
const plainDigits = /^[2-9]\d{9}$/;
/** Separators between digits: dots, slashes, parentheses, and every kind of dash. */
const separators = /[().\-/\u00b7\u2010-\u2015\u2043\u2212]/g;
const scientific = /^(?<whole>\d)(?:[.,](?<fraction>\d*))?e\+?(?<exponent>\d{1,2})$/i;
/** `x12`, `ext. 12`, `;ext=12` after a whole number. */
const extension = /\d{10}.*?(?:;ext=|ext\.?|extension|x|#)\d{1,8}$/i;

/**
 * Reads a NANP number as people and spreadsheets write it: `9199918388`, `+1 (919) 991-8388`, `1-919-991-8388`,
 * `919.991.8388`, `9.199918388E+09` (if all digits are present), `'9199918388`, `="9199918388"`, `9199918388.0`,
 * `tel:+1-919-991-8388` (RFC 3966), with the digits and punctuation of any script.
 *
 * A number with an extension is rejected: it is one of several telephones behind the number.
 *
 * @returns the ten digits, or why the cell isn't a valid number. NPA and NXX begin with 2 to 9 and don't end in 11
 *   (47 CFR 52.15 and the NANP's own rules: N11 codes are services, not prefixes).
 */
export function readNumber(cell: string): string | NumberProblem {
  if (plainDigits.test(cell)) return checkNanp(cell);
  const text = unwrap(toAscii(cell).replace(blanks, ''));
  if (text === '') return { code: 'no-number', reason: 'the cell has no number' };
  const parts = scientific.exec(text.replace(/^\+/, ''))?.groups;
  if (parts !== undefined) return readScientific(cell, parts);
  const digits = text.replace(/^(\+?\d{10,11})\.0+$/, '$1').replace(separators, '');
  if (!/^\+?\d+$/.test(digits)) return describeText(cell, digits);
  return checkLength(cell, digits);
}

/**
 * Reads a number to look up: like `readNumber`, and in addition numbers outside the NANP in E.164 format (`+44 20 7946 0958`), which the
 * ledger stores as the API sends them.
 */
export function readLedgerNumber(text: string): string | NumberProblem {
  const number = readNumber(text);
  return typeof number === 'string' ? number : (readForeignNumber(text) ?? number);
}

/** Reads a number outside the NANP in E.164 format; undefined if the text isn't one. */
export function readForeignNumber(text: string): string | undefined {
  const digits = withoutSeparators(toAscii(text));
  return /^\+(?!1)\d{7,15}$/.test(digits) ? digits : undefined;
}

/** Writes the digits and punctuation of other scripts as ASCII. Symbols such as superscripts and circled digits aren't digits. */
export function toAscii(text: string): string {
  if (!/[^\0-\x7f]/.test(text)) return text;
  return text
    .replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .replace(/\p{Nd}/gu, asciiDigit);
}

/** Unicode's decimal digits come in runs from 0 to 9. */
function asciiDigit(digit: string): string {
  const code = digit.codePointAt(0) as number;
  let zero = code;
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return String((code - zero) % 10);
}

/** Removes a `tel:` scheme, and Excel's two ways to store a number as text: a leading apostrophe, and a string formula. */
function unwrap(text: string): string {
  const inner = /^="?(?<inner>[^"]*)"?$/.exec(text)?.groups?.inner ?? text.replace(/^['\u2018\u2019`]/, '');
  return inner.replace(/^tel:/i, '');
}

/** Removes everything between the digits of a number, as `readNumber` does. */
export function withoutSeparators(text: string): string {
  return unwrap(text.replace(blanks, '')).replace(separators, '');
}

function describeText(cell: string, text: string): NumberProblem {
  if (extension.test(text)) {
    return { code: 'extension', reason: `${quoted(cell)} has an extension: give the telephone number alone` };
  }
  if (/^\s*=/.test(cell)) {
    const reason = `${quoted(cell)} is a formula without a stored value: open the file in a spreadsheet program and save it`;
    return { code: 'not-a-number', reason };
  }
  return { code: 'not-a-number', reason: `${quoted(cell)} is not a telephone number` };
}

/** Excel shows long numbers this way, and rounds them if the column is narrow. */
function readScientific(
  cell: string,
  { whole = '', fraction = '', exponent = '' }: Record<string, string | undefined>,
): string | NumberProblem {
  const places = Number(exponent);
  if (fraction.length < places) {
    return {
      code: 'lost-digits',
      reason: `${quoted(cell)} lost its last digits: format the column as text or as a number without decimals, and save the file again`,
    };
  }
  const beyond = fraction.slice(places);
  if (/[1-9]/.test(beyond)) return { code: 'not-a-number', reason: `${quoted(cell)} is not a telephone number` };
  return checkLength(cell, whole + fraction.slice(0, places));
}

function checkLength(cell: string, digits: string): string | NumberProblem {
  // The plus sign of the country code is often omitted.
  const number = toLedgerNumber(/^1\d{10}$/.test(digits) ? `+${digits}` : digits);
  if (/^\d{10}$/.test(number)) return checkNanp(number);
  if (digits.startsWith('+')) {
    return { code: 'not-nanp', reason: `${quoted(cell)} is not a North American Numbering Plan number` };
  }
  return { code: 'not-a-number', reason: `${quoted(cell)} has ${digits.length} digits; a telephone number has ten` };
}

function checkNanp(number: string): string | NumberProblem {
  for (const [name, code] of [
    ['area code', number.slice(0, 3)],
    ['exchange', number.slice(3, 6)],
  ] as const) {
    if (code < '2') return { code: 'not-nanp', reason: `${number}: the ${name} ${code} begins with ${code[0]}` };
    if (code.endsWith('11')) return { code: 'not-nanp', reason: `${number}: the ${name} ${code} is a service code` };
  }
  return number;
}

/** Quotes a cell for an error message, shortened to fit on a line. */
export function quoted(cell: string): string {
  const text = cell.trim();
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
