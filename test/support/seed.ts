/** Seed of everything random in tests. `prepareRun` sets the variable for the test processes. */
export const seed = Number(process.env.TN_LEDGER_TEST_SEED);
