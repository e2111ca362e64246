import type { Database } from '../database/connect.js';
import { sleep } from '../retry.js';
import type { ApiSession, Session } from './session.js';

const everyMs = 60_000;

export interface Polling {
  open(own: Session): Promise<Database>;
  work(own: Session, database: Database): Promise<void>;
  /** Called if the database can't be opened, or if the work fails. */
  onError(error: unknown): void | Promise<void>;
  /** Ends it. */
  signal: AbortSignal;
}

/** Does work every minute, on connections of its own. After an error it opens new ones: the database may be down for a while. */
export async function pollDatabase(session: ApiSession, { open, work, onError, signal }: Polling): Promise<void> {
  while (!signal.aborted) {
    try {
      await session.withOwnConnections(async (own) => {
        const database = await open(own);
        while (!signal.aborted) {
          await work(own, database);
          await sleep(everyMs, signal);
        }
      });
    } catch (error) {
      if (!signal.aborted) await onError(error);
    }
    await sleep(everyMs, signal).catch(() => undefined);
  }
}
