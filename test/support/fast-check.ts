import fc from 'fast-check';
import { seed } from './seed.js';
import { size } from './sizes.js';

fc.configureGlobal({ seed });

/** How many random cases a costly property is tried on: fewer in `npm test` than in the soak. */
export function cases(count: { test: number; soak: number }): { numRuns: number } {
  return { numRuns: size(count) };
}

/** fast-check with the seed of the run. Tests import it from here, so that `npm test` always tries the same cases. */
export default fc;
