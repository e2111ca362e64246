import { ApiError } from '../dashboard/errors.js';
import { isInService } from '../dashboard/lookups.js';
import type { JobContext } from '../run/job.js';
import { readVerifiedInserviceNumbers } from './inservice-snapshot.js';
import { inserviceListing } from './number-listings.js';
import { discardSnapshot, type SnapshotListing, stagingOf } from './snapshot.js';

/** Maximum numbers to look up one by one. For more, reading the whole list again takes fewer requests. */
export const maxSingleLookups = 50;

const secondReading: SnapshotListing = {
  ...inserviceListing,
  name: 'inservice_numbers_again',
  title: 'in-service numbers, read again',
};

/**
 * Returns the numbers that are no longer in service on the account. This needs positive evidence from the API: a 404 for each
 * number if there are few, a second verified in-service list if there are many.
 *
 * Credentials may have access to `/tns` but not to the in-service numbers (403). Then no number counts as gone, with a warning.
 */
export async function findNumbersThatLeft(context: JobContext, numbers: readonly string[]): Promise<Set<string>> {
  if (numbers.length === 0) return new Set();
  try {
    const left = await (numbers.length <= maxSingleLookups ? lookUpEach : compareWithSecondReading)(context, numbers);
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
  // A copy left by an earlier run is too old.
  await discardSnapshot(context, secondReading);
  try {
    await readVerifiedInserviceNumbers(context, secondReading);
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
