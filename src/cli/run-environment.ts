import { defaultTimeoutMs } from '../billing/fetch-reports.js';
import { apiOf, billingOf, titleOfAccount } from '../config.js';
import { migrate } from '../database/migrations.js';
import { defaultTimeoutMs as assignmentReportTimeoutMs } from '../nruf/assignment-report/fetch-report.js';
import type { RunEnvironment } from '../run/run-job.js';
import { createProgress } from './progress.js';
import type { ApiSession } from './session.js';
import { userIds } from './user-ids.js';

/** Opens the resources that an account's jobs use, and applies pending migrations. */
export async function openRunEnvironment(session: ApiSession, account: string): Promise<RunEnvironment> {
  return (await openRunEnvironments(session))(account);
}

/** Opens the resources that the jobs of all accounts share, and applies pending migrations. */
export async function openRunEnvironments(session: ApiSession): Promise<(account: string) => Promise<RunEnvironment>> {
  const { config } = session;
  const database = await session.database();
  const applied = await migrate(database);
  if (applied.length > 0) session.log.info(`Applied migrations to ${database.describe}: ${applied.join(', ')}`);
  const shared = {
    accounts: await session.accounts(),
    dataDir: config.dataDir,
    inboxUsers: await userIds(config.inboxUsers),
    keepReportsDays: config.keepReportsDays,
    keepNotes: config.keepNotes,
    database,
    redact: session.redact,
    signal: session.signal,
    progress: createProgress({
      stream: process.stderr,
      // Under JSON, everything on standard error is a line of the log.
      bar: process.stderr.isTTY && session.logFormat === 'pretty',
      printLine: (text, run) => session.printMessage('info', text, run),
      statusLine: session.statusLine,
      titleOf: (account) => titleOfAccount(config, account),
      limitOf: (account) => apiOf(config, account).requestsPerMinute,
    }),
  };
  return async (account) => {
    const label = config.accountSettings.get(account)?.label;
    return {
      ...shared,
      assignmentReport: {
        schedule: config.assignmentReport,
        formFile: config.formFile,
        timeoutMs: assignmentReportTimeoutMs,
      },
      billing: { ...billingOf(config, account), timeoutMs: defaultTimeoutMs },
      requestsPerMinute: apiOf(config, account).requestsPerMinute,
      client: await session.client(account),
      log: label === undefined ? session.log : session.log.child({ label }),
    };
  };
}
