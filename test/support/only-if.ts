import { appendFileSync } from 'node:fs';
import type { Implementation, SerialFn, TestFn } from 'ava';

/**
 * Defines a test that this machine may be unable to run. Where it can't, the test is skipped, and the run prints its title with
 * `reason` at its end.
 *
 * @param test `test` or `test.serial`
 * @param reason what is missing, such as `needs PostgreSQL 15`
 */
export function onlyIf<Context>(
  test: TestFn<Context> | SerialFn<Context>,
  isPossible: boolean,
  reason: string,
): (title: string, implementation: Implementation<[], Context>) => void {
  if (isPossible) return test;
  return (title, implementation) => {
    const file = process.env.TN_LEDGER_TEST_SKIPS;
    if (file !== undefined) appendFileSync(file, `${reason}: ${title}\n`);
    test.skip(title, implementation);
  };
}
