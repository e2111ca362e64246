import { hash, randomBelow } from '../hash.js';

/** A deterministic source of choices. */
export interface Draw {
  /** A whole number from 0 to below the bound. */
  below(bound: number): number;
  /** True in so many cases of a hundred. */
  percent(share: number): boolean;
  of<T>(choices: readonly T[]): T;
  /** A whole number from 1 on, small ones far more often than large ones. */
  size(mean: number, most: number): number;
  /** Epoch milliseconds from (included) to before (excluded). */
  time(from: number, before: number): number;
}

export function createDraw(salt: number, seed: number): Draw {
  const below = randomBelow(hash(salt, seed));
  return {
    below,
    percent: (share) => below(10_000) < share * 100,
    of: (choices) => choices[below(choices.length)] as (typeof choices)[number],
    size(mean, most) {
      const luck = (below(1_000_000) + 1) / 1_000_000;
      return Math.min(most, 1 + Math.floor(-Math.log(luck) * (mean - 1)));
    },
    time: (from, before) => from + below(Math.max(1, before - from)),
  };
}
