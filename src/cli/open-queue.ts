import { migrate } from '../database/migrations.js';
import { messageOf } from '../errors.js';
import { type NightQueue, openNightQueue } from '../schedule/night-queue.js';
import type { Session } from './session.js';

/** Opens the queue of nightly runs, and applies pending migrations. */
export async function openQueue(session: Session, { supervise }: { supervise: boolean }): Promise<NightQueue> {
  const database = await session.database();
  await migrate(database);
  return openNightQueue(database, {
    supervise,
    onError: (error) => session.log.warn(`The queue of nightly runs: ${messageOf(error)}`),
  });
}
