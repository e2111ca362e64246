/** Proves without holding them that keys were all different, as long as they come mostly in order. */
export interface RisingRuns {
  see(key: string): void;
  /** False also where it can't tell. */
  allDifferent(): boolean;
}

/** A list in more pieces than this is in no order, and left to the database to look through. */
const mostRuns = 10_000;

/**
 * Lists come in the order of their numbers: as texts, as numbers, or by kind; which of these, the API doesn't say. Each is a few
 * runs of rising keys of one length, and keys in runs that don't overlap are all different.
 */
export function createRisingRuns(): RisingRuns {
  const runs: { first: string; last: string }[] = [];
  let run: { first: string; last: string } | undefined;
  return {
    see(key) {
      if (run !== undefined && run.last.length === key.length && run.last < key) run.last = key;
      else if (runs.length <= mostRuns) {
        run = { first: key, last: key };
        runs.push(run);
      }
    },
    allDifferent() {
      if (runs.length > mostRuns) return false;
      const sorted = runs.toSorted((a, b) => (isBefore(a.first, b.first) ? -1 : 1));
      return sorted.every(({ first }, index) => index === 0 || isBefore(sorted[index - 1]?.last ?? '', first));
    },
  };
}

function isBefore(a: string, b: string): boolean {
  return a.length === b.length ? a < b : a.length < b.length;
}
