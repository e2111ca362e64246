const isSoak = process.env.TN_LEDGER_TEST_SOAK !== undefined;

/**
 * A size, or a choice of cases, that determines what a test costs: `npm test` must stay below five minutes, the soak tests the same
 * behavior at full size.
 */
export function size<T>(sizes: { test: T; soak: T }): T {
  return isSoak ? sizes.soak : sizes.test;
}
