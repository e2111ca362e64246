import type { JobContext } from '../run/job.js';
import { readSnapshot, type SnapshotListing } from './snapshot.js';
import { IncompleteListingError, verifyInserviceNumbers } from './verify-inservice.js';

const maxReadings = 3;

/**
 * Reads the in-service list until it is verified complete. A busy account's list may change while its pages are read; it is then
 * read again, up to three times in total.
 *
 * @param listing the in-service list, or a copy of it under another name
 */
export async function readVerifiedInserviceNumbers(context: JobContext, listing: SnapshotListing): Promise<void> {
  let figures: string | undefined;
  for (let reading = 1; reading <= maxReadings; reading += 1) {
    const cursor = await readSnapshot(context, listing);
    figures = await verifyInserviceNumbers(context, listing, cursor);
    if (figures === undefined) return;
    context.log.info(
      `The in-service list of account ${context.account} changed while it was read (reading ${reading} of ${maxReadings}): ${figures}`,
    );
  }
  throw new IncompleteListingError(
    `The in-service list of account ${context.account} changed while it was read, ${maxReadings} times in a row. Last time, ${figures}.`,
    { hint: 'Run it again at a quieter hour. If the figures stay the same, report them to Bandwidth.' },
  );
}
