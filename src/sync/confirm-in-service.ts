import { ApiError } from '../dashboard/errors.js';
import { isInService } from '../dashboard/lookups.js';
import { readProvedInserviceNumbers } from './inservice-snapshot.js';
import type { JobContext } from './job.js';
import { inserviceListing } from './number-listings.js';
import { discardSnapshot, type SnapshotListing, stagingOf } from './snapshot.js';

/** Up to so many numbers are asked about one by one; for more, the whole list takes fewer requests. */
export const mostSingleLookups = 50;

const secondReading: SnapshotListing = {
  ...inserviceListing,
  name: 'inservice_numbers_again',
  title: 'in-service numbers, read again',
};

/**
 * Which of the numbers are no longer in service on the account. Only the API's own word counts: a 404 of the verifier for a few
 * numbers, a second proved in-service list for many.
 *
 * Credentials may reach `/tns` and not the in-service numbers (403): then nothing is known to have left, which is a warning.
 */
export async function findNumbersThatLeft(context: JobContext, numbers: readonly string[]): Promise<Set<string>> {
  if (numbers.length === 0) return new Set();
  try {
    const left = await (numbers.length <= mostSingleLookups ? lookUpEach : compareWithSecondReading)(context, numbers);
    return new Set(left);
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 403)) throw error;
    context.run.warn(
      `${numbers.length} numbers could not be confirmed as in service and are kept, such as ${numbers.slice(0, 3).join(', ')}: ${error.message}`,
    );
    return new Set();
  }
}

async function lookUpEach({ account, client, signal }: JobContext, numbers: readonly string[]): Promise<string[]> {
  const found = await Promise.all(numbers.map((number) => isInService(client, account, number, signal)));
  return numbers.filter((_number, index) => found[index] === false);
}

async function compareWithSecondReading(context: JobContext, numbers: readonly string[]): Promise<string[]> {
  // What an earlier run left is too old to show what left since.
  await discardSnapshot(context, secondReading);
  try {
    await readProvedInserviceNumbers(context, secondReading);
    const { rows } = await context.database.pool.query(
      `select number from unnest($1::text[]) as number
        where not exists (select from ${stagingOf(context, secondReading).sql} s where s.telephone_number = number)`,
      [numbers],
    );
    return rows.map(({ number }) => number);
  } finally {
    await discardSnapshot(context, secondReading);
  }
}
