import { basename } from 'node:path';
import type { AssignContext } from '../assignment/assign-context.js';
import type { AssignOptions, AssignResult } from '../assignment/assign-file.js';
import { checkCustomPrefix } from '../assignment/customer-order-id.js';
import { isRejection } from '../assignment/rejected-files.js';
import { resultFiles } from '../assignment/results.js';
import { parseDuration } from '../config.js';
import { type ExitStatus, exitStatus, LedgerError, UsageError } from '../errors.js';
import type { Job } from '../run/job.js';
import { type RunEnvironment, runJob } from '../run/run-job.js';
import { rejectionAsJson, rejectionAsText } from './format-batch.js';
import { printResult } from './print-result.js';
import type { ApiSession, Session } from './session.js';

// What commands that submit a file share.

/** Options of these commands. */
export interface FileCommandOptions {
  column?: string;
  sheet?: string;
  allowRejects?: boolean;
  syncFirst?: boolean;
  customerOrderId?: string;
  wait: boolean;
  timeout: string;
  out?: string;
  account?: string;
  json?: boolean;
}

/** @throws {UsageError} an option has an invalid value */
export function fileChoices(
  path: string,
  resultsFolder: string,
  { column, sheet, allowRejects = false, customerOrderId, wait, timeout }: FileCommandOptions,
) {
  return {
    ...{ column, sheet, allowRejects, wait, resultsFolder },
    customerOrderId: customerOrderId === undefined ? undefined : checkCustomPrefix(customerOrderId),
    timeoutMs: timeoutOf(timeout),
    files: resultFiles(resultsFolder, path),
  } satisfies Partial<AssignOptions>;
}

/** Reports warnings on the log, and collects them for the result. */
export function warnTo({ log }: Session, warnings: string[]): (sentence: string) => void {
  return (sentence) => {
    warnings.push(sentence);
    log.warn(sentence);
  };
}

interface Submission {
  /** Name for the progress. */
  command: string;
  account: string;
  path: string;
  json: boolean | undefined;
}

/** Submits a file with progress. If the file is rejected as a whole, its batch is printed. */
export async function submitFile<Result>(
  session: ApiSession,
  { database, client, progress: allProgress }: RunEnvironment,
  { command, account, path, json }: Submission,
  submit: (context: AssignContext) => Promise<Result>,
): Promise<{ result: Result; warnings: string[] }> {
  const warnings: string[] = [];
  const progress = allProgress.start({ job: command, account });
  let placed = 0;
  try {
    const result = await submit({
      ...{ account, database, client, log: session.log, signal: session.signal },
      warn: warnTo(session, warnings),
      // A file may have several batches.
      expect: (numbers) => progress.expect(placed + numbers),
      onPlaced(numbers) {
        placed += numbers;
        progress.advance({ pages: 0, rowsRead: placed, rowsWritten: 0 });
      },
    });
    return { result, warnings };
  } catch (error) {
    if (isRejection(error, false) && error.batchId !== undefined) {
      const text = json ? rejectionAsJson : rejectionAsText;
      printResult(session.redact(text(error, basename(path), account)), { json });
    }
    throw error;
  } finally {
    progress.stop();
  }
}

/** @throws {UsageError} not a duration */
function timeoutOf(text: string): number {
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
  { wait, dryRun = false }: { wait: boolean; dryRun?: boolean },
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
