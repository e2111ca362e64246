import { detach } from '../detach.js';

/** Detects duplicate keys in a stream, in little memory. */
export interface SeenKeys {
  add(key: string): void;
  /** False if a key was repeated, or if there were too many keys to tell. */
  allDifferent(): boolean;
}

/** Maximum thousands-blocks in memory, 125 bytes each. Two million numbers in half-full blocks need 4000. */
const maxBlocks = 20_000;
/** Maximum other keys in memory. */
const maxOthers = 10_000;
const bytesPerBlock = 125;

/**
 * Telephone numbers come in blocks. With one bit per number of a block, an account with millions of numbers takes a few hundred
 * kilobytes, in any order. If there are too many keys, the database has to look for duplicates.
 */
export function createSeenKeys(): SeenKeys {
  const places = new Map<number, number>();
  const others = new Set<string>();
  let bits = new Uint8Array(64 * bytesPerBlock);
  let canTell = true;

  function placeOf(block: number): number {
    let place = places.get(block);
    if (place === undefined) {
      place = places.size * bytesPerBlock;
      places.set(block, place);
      if (place === bits.length) {
        const larger = new Uint8Array(bits.length * 2);
        larger.set(bits);
        bits = larger;
      }
    }
    return place;
  }

  function isNew(key: string): boolean {
    // Another text that parses as a ten-digit number counts as that number: a false duplicate, which is safe.
    const number = key.length === 10 ? Number(key) : Number.NaN;
    if (!(number >= 1e9 && number < 1e10)) {
      const before = others.size;
      return others.add(detach(key)).size > before && before < maxOthers;
    }
    const block = Math.floor(number / 1000);
    const offset = number - block * 1000;
    const at = placeOf(block) + (offset >> 3);
    const bit = 1 << (offset & 7);
    const seen = bits[at] as number;
    bits[at] = seen | bit;
    return (seen & bit) === 0 && places.size <= maxBlocks;
  }

  return {
    add(key) {
      if (!canTell) return;
      canTell = isNew(key);
      if (canTell) return;
      places.clear();
      others.clear();
      bits = new Uint8Array(0);
    },
    allDifferent: () => canTell,
  };
}
