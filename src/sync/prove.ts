import { readTotal } from '../dashboard/pager.js';
import { setCursorState } from './cursor.js';
import type { JobContext } from './job.js';
import { RefusedListingError } from './refused-listing.js';
import { discardSnapshot, dropRepeatedRows, type ReadListing, type SnapshotListing } from './snapshot.js';

/** A listing was read to its end, and yet is not all that the account has; it was discarded. */
export class IncompleteListingError extends RefusedListingError {
  override readonly name = 'IncompleteListingError';
}

/** A list that changed while it was read: read it again. */
export const listMoved = Symbol('list moved');

/**
 * Proves that the staged in-service list is the account's whole list: as many different numbers as `…/totals` says now and as
 * `TotalCount` said on its last page. Returns `listMoved` where the figures differ because the list changed while it was read.
 *
 * @throws IncompleteListingError when numbers are missing though the list did not change
 */
export async function proveInserviceNumbers(
  context: JobContext,
  listing: SnapshotListing,
  cursor: ReadListing,
): Promise<typeof listMoved | undefined> {
  const { account, client, database, signal } = context;
  if (cursor.state === 'complete') return undefined;
  const distinct = await dropRepeatedRows(context, listing, cursor);
  const total = await readTotal(client, listing.resource, account, signal);
  const { firstTotalCount = total, lastTotalCount = total } = cursor;
  if (distinct === total && distinct === lastTotalCount) {
    await setCursorState(database.pool, account, listing.name, 'complete');
    return undefined;
  }
  await discardSnapshot(context, listing);
  if (firstTotalCount !== total || lastTotalCount !== total) return listMoved;
  throw new IncompleteListingError(
    `The in-service list of account ${account} is not complete: TotalCount and …/totals say ${total} numbers, but its ` +
      `${cursor.pagesRead.length} pages named ${distinct} different ones.`,
    { hint: 'Run it again; if it stays so, show Bandwidth these figures.' },
  );
}
