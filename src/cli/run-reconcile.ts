import { basename, join, resolve } from 'node:path';
import { syncInserviceNumbers } from '../../jobs/sync-inservice-numbers.js';
import { syncNumberAssignments } from '../../jobs/sync-number-assignments.js';
import { type AssignResult, prepareResultsFolder } from '../assignment/assign-file.js';
import { outboxFolder } from '../assignment/inbox.js';
import { parseMaxChange } from '../assignment/max-change.js';
import { planFile, type ReconcileChoices, type ReconcileResult, reconcileFile } from '../assignment/reconcile-file.js';
import { planHeader } from '../assignment/reconcile-plan.js';
import { type Cells, csvText } from '../csv-file.js';
import type { Database } from '../database/connect.js';
import { type ExitStatus, exitStatus, UsageError } from '../errors.js';
import { describeReading, readingAsJson } from '../number-file/reading.js';
import { shellWord } from '../shell-word.js';
import { checkClocks } from './check-clocks.js';
import { chooseOneAccount } from './choose-accounts.js';
import { chooseLedgerAccount } from './choose-ledger-account.js';
import { summaryAsObject, summaryAsText } from './format-batch.js';
import { type PlanFacts, planAsObject, planAsText } from './format-plan.js';
import { limitHeapGrowth } from './memory.js';
import { openLedger } from './open-ledger.js';
import { printResult, writeToStdout } from './print-result.js';
import { openRunEnvironment } from './run-environment.js';
import type { ApiSession, Session } from './session.js';
import { type FileCommandOptions, fileChoices, refreshJob, statusOf, submitFile, warnTo } from './submit-file.js';

export interface ReconcileCommandOptions extends FileCommandOptions {
  apply?: boolean;
  dryRun?: boolean;
  prune?: boolean;
  maxChange?: string;
  csv?: boolean;
}

/** Compares a file with the ledger and prints the plan. */
export async function printPlan(session: Session, path: string, options: ReconcileCommandOptions): Promise<ExitStatus> {
  const choices = readChoices(options);
  limitHeapGrowth();
  const database = await openLedger(session);
  const account = await chooseLedgerAccount(session, database, options.account);
  return plan(session, { database, account, path, choices }, options);
}

function readChoices(options: ReconcileCommandOptions): ReconcileChoices {
  const { apply, dryRun, json, csv, maxChange } = options;
  if (apply && dryRun) throw new UsageError('--apply and --dry-run cannot be combined.');
  if (csv && json) throw new UsageError('--csv and --json cannot be combined.');
  if (csv && apply) {
    throw new UsageError('--csv prints a plan, and cannot be combined with --apply.', {
      hint: 'Print the plan first, or read the results in the files that --apply writes.',
    });
  }
  return {
    prune: options.prune ?? false,
    maxChange: maxChange === undefined ? undefined : parseMaxChange(maxChange),
  };
}

interface ToPlan {
  database: Database;
  /** Undefined: unknown. */
  requestsPerMinute?: number;
  account: string;
  path: string;
  choices: ReconcileChoices;
}

async function plan(
  session: Session,
  { database, requestsPerMinute, account, path, choices }: ToPlan,
  options: ReconcileCommandOptions,
): Promise<ExitStatus> {
  const warnings: string[] = [];
  const context = { account, database, signal: session.signal, warn: warnTo(session, warnings) };
  const { column, sheet, allowRejects } = options;
  const onRows = options.csv ? printRows : undefined;
  const { plan, refusal, resumes, reading } = await planFile(context, path, {
    ...choices,
    column,
    sheet,
    allowRejects,
    onRows,
  });
  const facts = factsOf(account, path, options, requestsPerMinute);
  const [resumed] = resumes;
  if (options.json) {
    const object = {
      ...planAsObject(plan, facts),
      ...{
        reading: readingAsJson(reading),
        applied: false,
        refused: refusal?.message ?? null,
        resumes_batch: resumed?.batchId ?? null,
        warnings,
      },
    };
    printResult(session.redact(JSON.stringify(object, null, 2)), options);
  } else if (!options.csv) {
    const lines = [planAsText(plan, facts), ...describeReading(reading)];
    const command = commandFor(path, options);
    if (resumed !== undefined) {
      lines.push(
        `Batch ${resumed.batchId} of the same file isn't done: ${command} --apply resumes it instead of submitting this plan.`,
      );
    } else if (refusal === undefined && plan.counts.toAssign + plan.counts.toUnassign > 0) {
      lines.push(`To submit it: ${command} --apply`);
    }
    lines.push(`To print all rows: ${command} --csv`);
    printResult(session.redact(lines.join('\n')));
  }
  if (refusal !== undefined) throw refusal;
  return plan.counts.rejected > 0 ? exitStatus.rejected : exitStatus.done;
}

const printRows = (rows: AsyncIterable<Cells[]>) => writeToStdout(csvText(planHeader, rows));

function factsOf(
  account: string,
  path: string,
  { prune = false }: ReconcileCommandOptions,
  requestsPerMinute?: number,
): PlanFacts {
  return { account, fileName: basename(path), prune, requestsPerMinute };
}

/** The command that was given, without `--apply` and what only prints. */
function commandFor(
  path: string,
  { prune, maxChange, column, sheet, allowRejects, customerOrderId, out, account }: ReconcileCommandOptions,
): string {
  const parts = ['tn-ledger reconcile', shellWord(path)];
  if (prune) parts.push('--prune');
  if (maxChange !== undefined) parts.push('--max-change', shellWord(maxChange));
  if (column !== undefined) parts.push('--column', shellWord(column));
  if (sheet !== undefined) parts.push('--sheet', shellWord(sheet));
  if (allowRejects) parts.push('--allow-rejects');
  if (customerOrderId !== undefined) parts.push('--customer-order-id', shellWord(customerOrderId));
  if (out !== undefined) parts.push('--out', shellWord(out));
  if (account !== undefined) parts.push('--account', shellWord(account));
  return parts.join(' ');
}

/** Compares a file with the ledger and submits the plan; without `--apply`, only syncs the ledger first. */
export async function applyReconcile(
  session: ApiSession,
  path: string,
  options: ReconcileCommandOptions,
): Promise<ExitStatus> {
  const started = performance.now();
  const choices = readChoices(options);
  const account = chooseOneAccount(await session.accounts(), { config: session.config, wanted: options.account });
  const resultsFolder = resolve(options.out ?? join(session.config.dataDir, outboxFolder));
  const fileOptions = fileChoices(path, resultsFolder, options);
  if (options.apply) await prepareResultsFolder(resultsFolder);
  limitHeapGrowth();
  const environment = await openRunEnvironment(session, account);
  await checkClocks(session, [account], () => environment);
  const { database, requestsPerMinute } = environment;
  const refreshInventory = async () => {
    for (const job of [syncInserviceNumbers, syncNumberAssignments])
      await refreshJob(session, environment, job, account);
  };
  if (!options.apply) {
    await refreshInventory();
    return plan(session, { database, requestsPerMinute, account, path, choices }, options);
  }
  const facts = factsOf(account, path, options, requestsPerMinute);
  const submission = { command: 'reconcile', account, path, json: options.json } as const;
  const { result, warnings } = await submitFile(session, environment, submission, (context) =>
    reconcileFile(context, path, {
      ...choices,
      ...fileOptions,
      ...(options.syncFirst && { refreshInventory }),
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  const print = options.json ? asJson : asText;
  printResult(session.redact(print(result, facts, { seconds, warnings })), options);
  return worst(result.results.map((each) => statusOf(each, { wait: options.wait })));
}

interface RunFacts {
  seconds: number;
  warnings: readonly string[];
}

function asText({ plan, results }: ReconcileResult, facts: PlanFacts, { seconds, warnings }: RunFacts): string {
  const batches = results.map((result) => summaryAsText(result, { seconds, warnings, estimate: undefined }));
  const [first] = results;
  if (plan === undefined) {
    return [
      ...batches,
      `This file was being reconciled already (batch ${first?.summary.batch.batchId}): no new plan was made. Run the command again to compare the file with the ledger as it is now.`,
    ].join('\n\n');
  }
  return [planAsText(plan, facts), ...batches].join('\n\n');
}

function asJson(result: ReconcileResult, facts: PlanFacts, { seconds, warnings }: RunFacts): string {
  const { plan, results } = result;
  return JSON.stringify(
    {
      ...(plan === undefined ? { account_id: facts.account, file_name: facts.fileName } : planAsObject(plan, facts)),
      ...{ applied: true, resumed: plan === undefined },
      batches: results.map((each: AssignResult) => summaryAsObject(each, { seconds, warnings, estimate: undefined })),
      ...{ warnings, seconds: Number(seconds.toFixed(3)) },
    },
    null,
    2,
  );
}

function worst(statuses: readonly ExitStatus[]): ExitStatus {
  return statuses.find((status) => status !== exitStatus.done) ?? exitStatus.done;
}
