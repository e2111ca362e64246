/** A 32-bit hash of a number (up to 2^53) and a salt: the source of all pseudorandom values in the sandbox. */
export function hash(salt: number, value: number): number {
  const high = Math.floor(value / 0x1_0000_0000) | 0;
  let h = Math.imul(((value % 0x1_0000_0000) | 0) ^ Math.imul(salt, 0x9e3779b1), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15) ^ high, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 13), 0x27d4eb2f);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A 32-bit hash of a string and a salt. */
export function hashText(salt: number, text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  }
  return hash(salt, h >>> 0);
}

/** A hash as a fraction, from 0 (inclusive) to 1 (exclusive). */
export function fraction(hashed: number): number {
  return hashed / 0x1_0000_0000;
}

/** A deterministic generator of non-negative integers below a bound. */
export function randomBelow(seed: number): (bound: number) => number {
  let drawn = 0;
  return (bound) => Math.floor(fraction(hash(seed, drawn++)) * bound);
}
