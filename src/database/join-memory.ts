/** Shares memory among transactions that join or sort all numbers of an account. */
export interface JoinMemory {
  /** Reserves memory until it is released. */
  take(): { /** A value for `work_mem`. */ workMem: string; release(): void };
}

/** A join of a few million numbers takes half the time with this much, and no less with more. */
const mostMegabytes = 192;
/** A session's own setting on the embedded server; enough for a hash table of 100,000 numbers. */
const leastMegabytes = 32;
/** For all transactions together, apart from `leastMegabytes` for each that finds nothing left. */
const budgetMegabytes = 384;

/**
 * Creates the memory of one process. A transaction that is alone gets the most; each further one gets half of what is
 * left. Without that, eight accounts that compare their numbers at the same time could use several gigabytes on the
 * server.
 */
export function createJoinMemory(): JoinMemory {
  let left = budgetMegabytes;
  return {
    take() {
      const megabytes = Math.max(leastMegabytes, Math.min(mostMegabytes, Math.floor(left / 2)));
      left -= megabytes;
      let isReleased = false;
      return {
        workMem: `${megabytes}MB`,
        release() {
          if (!isReleased) left += megabytes;
          isReleased = true;
        },
      };
    },
  };
}
