import { migrate } from '../database/migrations.js';
import type { RunEnvironment } from '../sync/run-job.js';
import { billingSettings } from './billing-settings.js';
import { createProgress } from './progress.js';
import type { ApiSession } from './session.js';
import { userIds } from './user-ids.js';

/** Opens what jobs work with, and brings the schema up to date. */
export async function openRunEnvironment(session: ApiSession): Promise<RunEnvironment> {
  const database = await session.database();
  const applied = await migrate(database);
  if (applied.length > 0) session.log.info(`Schema of ${database.describe} brought up to date: ${applied.join(', ')}`);
  return {
    accounts: await session.accounts(),
    billing: billingSettings(session.config),
    dataDir: session.config.dataDir,
    inboxUsers: await userIds(session.config.inboxUsers),
    requestsPerMinute: session.config.api.requestsPerMinute,
    database,
    client: await session.client(),
    log: session.log,
    redact: session.redact,
    signal: session.signal,
    progress: createProgress({ stream: process.stderr, bar: process.stderr.isTTY }),
  };
}
