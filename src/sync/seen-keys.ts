import { detach } from '../detach.js';

/** Proves that keys are all different while they pass, in little memory. */
export interface SeenKeys {
  see(key: string): void;
  /** False also where it can't tell. */
  allDifferent(): boolean;
}

/** Thousands-blocks that are kept, at 125 bytes: two million numbers in half-full blocks are within 4000. */
const mostBlocks = 20_000;
/** Keys of any other kind that are kept. */
const mostOthers = 10_000;
const bytesPerBlock = 125;

/**
 * Telephone numbers come in blocks: a bit for each number of a block holds an account of millions in a few hundred kilobytes, in
 * whatever order they come. Keys too many for that are left to the database to look through.
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
    // A text that only reads like a number of ten digits may be taken for it; then these two are not called different.
    const number = key.length === 10 ? Number(key) : Number.NaN;
    if (!(number >= 1e9 && number < 1e10)) {
      const before = others.size;
      return others.add(detach(key)).size > before && before < mostOthers;
    }
    const block = Math.floor(number / 1000);
    const offset = number - block * 1000;
    const at = placeOf(block) + (offset >> 3);
    const bit = 1 << (offset & 7);
    const seen = bits[at] as number;
    bits[at] = seen | bit;
    return (seen & bit) === 0 && places.size <= mostBlocks;
  }

  return {
    see(key) {
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
