import type { Database } from '../database/connect.js';
import { migrate } from '../database/migrations.js';
import type { Session } from './session.js';

/** Opens the database and brings the schema up to date, for a command that writes and does without the API. */
export async function openLedger(session: Session): Promise<Database> {
  const database = await session.database();
  const applied = await migrate(database);
  if (applied.length > 0) session.log.info(`Schema of ${database.describe} brought up to date: ${applied.join(', ')}`);
  return database;
}
