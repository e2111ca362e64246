import { readTotal } from '../dashboard/pager.js';
import type { JobContext } from '../run/job.js';
import { setCursorState } from './cursor.js';
import { RefusedListingError } from './refused-listing.js';
import { discardSnapshot, dropRepeatedRows, type ReadListing, type SnapshotListing } from './snapshot.js';

/** A listing was read to its end, but is not complete. It was discarded. */
export class IncompleteListingError extends RefusedListingError {
  override readonly name = 'IncompleteListingError';
}

/**
 * Verifies that the staged in-service list is complete: it has as many distinct numbers as `…/totals` returns now and as
 * `TotalCount` said on its last page.
 *
 * @returns undefined if it is complete; the figures, as a clause, if they differ because the list changed while it was read
 * @throws IncompleteListingError if numbers are missing although the list did not change
 */
export async function verifyInserviceNumbers(
  context: JobContext,
  listing: SnapshotListing,
  cursor: ReadListing,
): Promise<string | undefined> {
  const { account, client, database, signal } = context;
  if (cursor.state === 'complete') return undefined;
  const distinct = await dropRepeatedRows(context, listing, cursor);
  const total = await readTotal(client, listing.resource, account, signal);
  const { firstTotalCount = total, lastTotalCount = total } = cursor;
  if (distinct === total && distinct === lastTotalCount) {
    await setCursorState(database, account, listing.name, 'complete');
    return undefined;
  }
  await discardSnapshot(context, listing);
  if (firstTotalCount !== total || lastTotalCount !== total) {
    return `TotalCount was ${firstTotalCount} at first and ${lastTotalCount} at the end, …/totals ${total}, and the pages listed ${distinct} distinct numbers`;
  }
  throw new IncompleteListingError(
    `The in-service list of account ${account} is not complete: TotalCount and …/totals are ${total}, but its ` +
      `${cursor.pagesRead.length} pages listed ${distinct} distinct numbers.`,
    { hint: 'Run it again. If the figures stay the same, report them to Bandwidth.' },
  );
}
