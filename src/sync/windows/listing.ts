import type pg from 'pg';
import type { WindowResource } from '../../dashboard/order-resources.js';
import type { JobContext } from '../job.js';
import type { SnapshotListing } from '../snapshot.js';
import type { StagingTable } from '../staging.js';

/** A listing that is read window by window; each is brought into the tables by itself. */
export interface WindowListing extends Omit<SnapshotListing, 'resource' | 'window'> {
  resource: WindowResource;
  /**
   * Brings a window's staged rows into the tables, in the transaction that moves the watermark, and answers how many rows it
   * inserted, changed or removed. Each key is staged once.
   */
  apply(client: pg.ClientBase, context: JobContext, staging: StagingTable): Promise<number>;
}
