import type { JobContext } from './job.js';
import { IncompleteListingError, listMoved, proveInserviceNumbers } from './prove.js';
import { readSnapshot, type SnapshotListing } from './snapshot.js';

const mostReadings = 3;

/**
 * Reads the in-service list until it is proved complete. An account that is at work changes while its pages are read: the
 * list is then read again, three times in all.
 *
 * @param listing the in-service list, or a copy of it under another name
 */
export async function readProvedInserviceNumbers(context: JobContext, listing: SnapshotListing): Promise<void> {
  for (let reading = 1; reading <= mostReadings; reading += 1) {
    const cursor = await readSnapshot(context, listing);
    if ((await proveInserviceNumbers(context, listing, cursor)) !== listMoved) return;
    context.log.info(
      `The in-service list of account ${context.account} changed while it was read (reading ${reading} of ${mostReadings})`,
    );
  }
  throw new IncompleteListingError(
    `The in-service list of account ${context.account} changed during each of ${mostReadings} readings.`,
    { hint: 'Run it again at a quieter hour.' },
  );
}
