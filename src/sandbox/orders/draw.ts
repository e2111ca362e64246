import { hash, randomBelow } from '../hash.js';

/** A deterministic source of pseudorandom choices. */
export interface Draw {
  /** An integer from 0 (inclusive) to the bound (exclusive). */
  below(bound: number): number;
  /** True in `share` percent of cases. */
  percent(share: number): boolean;
  of<T>(choices: readonly T[]): T;
  /** An integer of at least 1; small values are far more frequent than large ones. */
  size(mean: number, max: number): number;
  /** Epoch milliseconds from `from` (inclusive) to `before` (exclusive). */
  time(from: number, before: number): number;
}

export function createDraw(salt: number, seed: number): Draw {
  const below = randomBelow(hash(salt, seed));
  return {
    below,
    percent: (share) => below(10_000) < share * 100,
    of: (choices) => choices[below(choices.length)] as (typeof choices)[number],
    size(mean, max) {
      const random = (below(1_000_000) + 1) / 1_000_000;
      return Math.min(max, 1 + Math.floor(-Math.log(random) * (mean - 1)));
    },
    time: (from, before) => from + below(Math.max(1, before - from)),
  };
}
