import { basename, join, resolve } from 'node:path';
import { syncInserviceNumbers } from '../../jobs/sync-inservice-numbers.js';
import { type AssignOptions, type AssignResult, assignFile, prepareResultsFolder } from '../assignment/assign-file.js';
import { checkCustomPrefix } from '../assignment/customer-order-id.js';
import { outboxFolder } from '../assignment/inbox.js';
import { isRejection } from '../assignment/rejected-files.js';
import { resultFiles } from '../assignment/results.js';
import { parseDuration } from '../config.js';
import { type ExitStatus, exitStatus, LedgerError, UsageError } from '../errors.js';
import type { Job } from '../run/job.js';
import { type RunEnvironment, runJob } from '../run/run-job.js';
import { checkClocks } from './check-clocks.js';
import { chooseOneAccount } from './choose-accounts.js';
import { estimate, rejectionAsJson, rejectionAsText, summaryAsJson, summaryAsText } from './format-batch.js';
import { limitHeapGrowth } from './memory.js';
import { printResult } from './print-result.js';
import { readAction } from './read-action.js';
import { openRunEnvironment } from './run-environment.js';
import type { ApiSession } from './session.js';

export interface AssignCommandOptions {
  action?: string;
  column?: string;
  sheet?: string;
  dryRun?: boolean;
  force?: boolean;
  again?: boolean;
  allowRejects?: boolean;
  syncFirst?: boolean;
  customerOrderId?: string;
  wait: boolean;
  timeout: string;
  out?: string;
  account?: string;
  json?: boolean;
}

/** Submits a file, writes its results, and prints a summary. */
export async function runAssign(session: ApiSession, path: string, options: AssignCommandOptions): Promise<ExitStatus> {
  const started = performance.now();
  const account = chooseOneAccount(await session.accounts(), { config: session.config, wanted: options.account });
  const resultsFolder = resolve(options.out ?? join(session.config.dataDir, outboxFolder));
  const choices: AssignOptions = {
    action: options.action === undefined ? undefined : readAction(options.action),
    column: options.column,
    sheet: options.sheet,
    dryRun: options.dryRun ?? false,
    force: options.force ?? false,
    again: options.again ?? false,
    allowRejects: options.allowRejects ?? false,
    customerOrderId: options.customerOrderId === undefined ? undefined : checkCustomPrefix(options.customerOrderId),
    wait: options.wait,
    timeoutMs: timeoutOf(options.timeout),
    files: resultFiles(resultsFolder, path),
    resultsFolder,
  };
  await prepareResultsFolder(resultsFolder);
  limitHeapGrowth();
  const environment = await openRunEnvironment(session, account);
  await checkClocks(session, [account], () => environment);
  const warnings: string[] = [];
  const progress = environment.progress.start({ job: 'assign', account });
  let placed = 0;
  let result: AssignResult;
  try {
    result = await assignFile(
      {
        account,
        database: environment.database,
        client: environment.client,
        log: session.log,
        signal: session.signal,
        warn(sentence) {
          warnings.push(sentence);
          session.log.warn(sentence);
        },
        expect: (numbers) => progress.expect(numbers),
        onPlaced(numbers) {
          placed += numbers;
          progress.advance({ pages: 0, rowsRead: placed, rowsWritten: 0 });
        },
      },
      path,
      {
        ...choices,
        ...(options.syncFirst && {
          refreshInventory: () => refreshJob(session, environment, syncInserviceNumbers, account),
        }),
      },
    );
  } catch (error) {
    if (isRejection(error, false) && error.batchId !== undefined) {
      const text = options.json ? rejectionAsJson : rejectionAsText;
      printResult(session.redact(text(error, basename(path), account)), options);
    }
    throw error;
  } finally {
    progress.stop();
  }
  const seconds = (performance.now() - started) / 1000;
  const isDryRun = result.kind === 'dry run';
  const facts = {
    seconds,
    warnings,
    estimate: isDryRun ? estimate(result.summary.orders, environment.requestsPerMinute) : undefined,
  };
  const print = options.json ? summaryAsJson : summaryAsText;
  printResult(session.redact(print(result, facts)), options);
  return statusOf(result, options);
}

/** @throws {UsageError} not a duration */
export function timeoutOf(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new UsageError(`--timeout must be a duration such as 30m, 2h or 90s, not ${JSON.stringify(text)}.`);
}

/** Runs a job that brings the ledger up to date first. */
export async function refreshJob(
  session: ApiSession,
  environment: RunEnvironment,
  job: Job,
  account: string,
): Promise<void> {
  const report = await runJob(job, account, environment, {
    maxShrink: session.config.maxShrink,
    acceptShrink: false,
    ...session.config.jobLimits,
    full: false,
    followedBy: new Set(),
  });
  for (const warning of report.warnings) session.log.warn(`${report.job} of account ${account}: ${warning}`);
  if (report.error !== undefined) throw report.error;
}

/**
 * The exit status of a command whose orders have these results.
 *
 * @throws {LedgerError} orders are open or of unknown outcome
 */
export function statusOf(
  { summary, kind }: AssignResult,
  { wait, dryRun }: Pick<AssignCommandOptions, 'wait' | 'dryRun'>,
): ExitStatus {
  const { rejected, failed, unknown, ordersUnknown, ordersOpen } = summary;
  const isOpen = kind !== 'dry run' && ordersOpen > 0 && (wait || ordersUnknown > 0) && !dryRun;
  if (isOpen) {
    throw new LedgerError(
      ordersUnknown > 0
        ? `The outcome of ${ordersUnknown} of ${summary.orders} orders is unknown (they may or may not exist). They were not sent again.`
        : `${ordersOpen} of ${summary.orders} orders are not finished yet.`,
      { hint: 'Run the same command again to resume, or wait for the next nightly run.' },
    );
  }
  return rejected + failed + unknown > 0 ? exitStatus.rejected : exitStatus.done;
}
