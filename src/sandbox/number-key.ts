import { tollFreeNpas } from './places.js';

// A TN is stored as a float64 of eight bytes. A NANP number is its ten digits; an E.164 number is shifted below zero,
// which is exact for up to 15 digits and sorts it first, as '+' sorts before digits.
const e164Shift = 1e15;

/**
 * The key of a TN (ten NANP digits with or without `+1`, or `+` and up to 15 digits); undefined if the text isn't a TN.
 */
export function keyOf(telephoneNumber: string): number | undefined {
  const national = /^(?:\+1)?([2-9]\d{9})$/.exec(telephoneNumber)?.[1];
  if (national !== undefined) {
    return Number(national);
  }
  return /^\+[1-9]\d{6,14}$/.test(telephoneNumber) ? Number(telephoneNumber.slice(1)) - e164Shift : undefined;
}

/** The key of an E.164 number, given its digits. */
export function e164Key(digits: number): number {
  return digits - e164Shift;
}

/** The TN in the format of the API. */
export function textOf(key: number): string {
  return key < 0 ? `+${key + e164Shift}` : String(key);
}

/** Normalizes the spelling of a TN; text that isn't a TN is returned unchanged. */
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
