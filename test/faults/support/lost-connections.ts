import type { ExecutionContext } from 'ava';
import { type Database, openDatabase } from '../../../src/database/connect.js';
import { type Loss, startDatabaseProxy } from '../../support/database-proxy.js';

/** Where a connection is lost: in a commit, in the data of a COPY, or in any other statement. */
export const places = ['commit', 'COPY', 'statement'] as const;
export type Place = (typeof places)[number];

/** A database whose connections break. */
export interface BreakingDatabase {
  database: Database;
  /** Decides from now on about each piece that is sent. */
  breakAt(decide: (place: Place) => Loss | undefined): void;
}

/** Opens a database through a proxy that breaks connections. */
export async function openBreaking(t: ExecutionContext<unknown>, url: string): Promise<BreakingDatabase> {
  let onPiece: Parameters<BreakingDatabase['breakAt']>[0] = () => undefined;
  const proxy = await startDatabaseProxy(t, url, (data) => onPiece(placeOf(data)));
  const database = await openDatabase({
    ...{ databaseUrl: proxy.url, dataDir: '/nonexistent', applicationName: 'tn-ledger tests', log: () => undefined },
  });
  t.teardown(() => database.close());
  return {
    database,
    breakAt(decide) {
      onPiece = decide;
    },
  };
}

/** The first byte is the type of a message: Q a simple query, d data of a COPY. */
function placeOf(data: Buffer): Place {
  if (data[0] === 0x64) return 'COPY';
  return data[0] === 0x51 && data.toString('latin1', 5, 12) === 'commit\0' ? 'commit' : 'statement';
}
