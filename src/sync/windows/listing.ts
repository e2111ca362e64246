import type pg from 'pg';
import type { WindowResource } from '../../dashboard/resource.js';
import type { JobContext } from '../../run/job.js';
import type { SnapshotListing } from '../snapshot.js';
import type { StagingTable } from '../staging.js';

/** A listing that is read window by window. Each window is applied separately. */
export interface WindowListing extends Omit<SnapshotListing, 'resource' | 'window'> {
  resource: WindowResource;
  /**
   * Applies a window's staged rows to the tables, in the transaction that moves the watermark. Returns how many rows it inserted,
   * changed or removed. Each key is staged once.
   */
  apply(client: pg.ClientBase, context: JobContext, staging: StagingTable): Promise<number>;
}
