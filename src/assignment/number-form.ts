import { toLedgerNumber } from '../dashboard/telephone-number.js';

/** Why a cell is not taken for a number: a code that stays the same, and a sentence for the person who wrote it. */
export interface NumberProblem {
  code: 'no-number' | 'not-a-number' | 'lost-digits' | 'not-nanp';
  reason: string;
}

/** White space and invisible marks that spreadsheets and address books put around and into numbers. */
const blanks = /[\s\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]+/g;
const plainDigits = /^[2-9]\d{9}$/;
/** What people put between digits: dots, slashes, parentheses, and the dashes of every keyboard. */
const separators = /[().\-/\u2010-\u2015\u2212]/g;
const scientific = /^(?<whole>\d)(?:[.,](?<fraction>\d*))?e\+?(?<exponent>\d{1,2})$/i;

/**
 * Reads a NANP number as people and spreadsheets write it: `9199918388`, `+1 (919) 991-8388`, `1-919-991-8388`,
 * `919.991.8388`, `9.199918388E+09` (where all digits are there), `'9199918388`, `="9199918388"`, `9199918388.0`.
 *
 * @returns the ten digits, or why they are none. NPA and NXX begin with 2 to 9 and don't end in 11 (47 CFR 52.15 and the NANP's
 *   own rules: N11 codes are services, not prefixes).
 */
export function readNumber(cell: string): string | NumberProblem {
  if (plainDigits.test(cell)) return checkNanp(cell);
  const text = unwrap(cell.replace(blanks, ''));
  if (text === '') return { code: 'no-number', reason: 'there is no number in it' };
  const parts = scientific.exec(text.replace(/^\+/, ''))?.groups;
  if (parts !== undefined) return readScientific(cell, parts);
  const digits = text.replace(/^(\+?\d{10,11})\.0+$/, '$1').replace(separators, '');
  if (!/^\+?\d+$/.test(digits)) return { code: 'not-a-number', reason: `${quoted(cell)} is not a telephone number` };
  return checkLength(cell, digits);
}

/** Excel's two ways to keep a number text: a leading apostrophe, and a formula that is a string. */
function unwrap(text: string): string {
  return /^="?(?<inner>[^"]*)"?$/.exec(text)?.groups?.inner ?? text.replace(/^'/, '');
}

/** Excel writes a number of more than a few digits so, and rounds it where the column was narrow. */
function readScientific(
  cell: string,
  { whole = '', fraction = '', exponent = '' }: Record<string, string | undefined>,
): string | NumberProblem {
  const places = Number(exponent);
  if (fraction.length < places) {
    return {
      code: 'lost-digits',
      reason: `${quoted(cell)} has lost its last digits: format the column as text or as a number without decimals, and save the file again`,
    };
  }
  const beyond = fraction.slice(places);
  if (/[1-9]/.test(beyond)) return { code: 'not-a-number', reason: `${quoted(cell)} is not a telephone number` };
  return checkLength(cell, whole + fraction.slice(0, places));
}

function checkLength(cell: string, digits: string): string | NumberProblem {
  // People leave out the plus sign of the country code.
  const number = toLedgerNumber(/^1\d{10}$/.test(digits) ? `+${digits}` : digits);
  if (/^\d{10}$/.test(number)) return checkNanp(number);
  if (digits.startsWith('+')) {
    return { code: 'not-nanp', reason: `${quoted(cell)} is not a number of the North American Numbering Plan` };
  }
  return { code: 'not-a-number', reason: `${quoted(cell)} has ${digits.length} digits, a telephone number has ten` };
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

/** A cell as an error quotes it: no longer than a line, whatever somebody put in it. */
function quoted(cell: string): string {
  const text = cell.trim();
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
