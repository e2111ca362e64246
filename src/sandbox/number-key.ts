import { tollFreeNpas } from './places.js';

// A TN is held as a float64, eight bytes each: NANP ones as the ten-digit number, E.164 ones shifted below zero,
// which is exact for the 15 digits that E.164 allows and sorts them first, as '+' sorts before the digits.
const e164Shift = 1e15;

/** The key of a TN (ten NANP digits, with `+1` before them or not, or `+` and up to 15 digits); undefined if the text is neither. */
export function keyOf(telephoneNumber: string): number | undefined {
  const national = /^(?:\+1)?([2-9]\d{9})$/.exec(telephoneNumber)?.[1];
  if (national !== undefined) {
    return Number(national);
  }
  return /^\+[1-9]\d{6,14}$/.test(telephoneNumber) ? Number(telephoneNumber.slice(1)) - e164Shift : undefined;
}

/** The key of an E.164 number given as its digits. */
export function e164Key(digits: number): number {
  return digits - e164Shift;
}

/** The TN as the API writes it. */
export function textOf(key: number): string {
  return key < 0 ? `+${key + e164Shift}` : String(key);
}

/** A TN as the sandbox knows it, whichever way a request spells it; what is none stays as it is. */
export function canonical(telephoneNumber: string): string {
  const key = keyOf(telephoneNumber);
  return key === undefined ? telephoneNumber : textOf(key);
}

export function isNanp(key: number): boolean {
  return key >= 0;
}

export function isTollFree(key: number): boolean {
  return key >= 8e9 && key < 9e9 && tollFreeNpas.includes(Math.floor(key / 1e7));
}
