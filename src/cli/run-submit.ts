import { basename, join, resolve } from 'node:path';
import { type AssignOptions, checkFile } from '../assignment/assign-file.js';
import type { BatchSummary } from '../assignment/batches.js';
import { checkCustomPrefix } from '../assignment/customer-order-id.js';
import { maxNameBytes, outboxFolder } from '../assignment/inbox.js';
import { parseMaxChange } from '../assignment/max-change.js';
import { planFile } from '../assignment/reconcile-file.js';
import { resultFiles } from '../assignment/results.js';
import type { SubmittedOptions, SubmittedReconciliation } from '../assignment/submitted-source.js';
import type { Database } from '../database/connect.js';
import { type ExitStatus, exitStatus, UsageError } from '../errors.js';
import { classifyFile } from '../nruf/classify.js';
import type { SubmittedClassification } from '../nruf/classify-submitted.js';
import { hashFile } from '../number-file/text-file.js';
import { storeSubmittedFile } from '../stored-files/submitted-files.js';
import { chooseLedgerAccount } from './choose-ledger-account.js';
import { type Checked, submissionAsJson, submissionAsText } from './format-submission.js';
import { openLedgerAsOwner } from './open-ledger.js';
import { printResult } from './print-result.js';
import { readAction } from './read-action.js';
import { type ClassificationOptions, readClassification } from './read-classification.js';
import type { Session } from './session.js';

export interface SubmitOptions extends Partial<ClassificationOptions> {
  action?: string;
  force?: boolean;
  again?: boolean;
  customerOrderId?: string;
  reconcile?: boolean;
  prune?: boolean;
  maxChange?: string;
  column?: string;
  sheet?: string;
  allowRejects?: boolean;
  out?: string;
  account?: string;
  json?: boolean;
}

/** What a file is submitted for, with the options of its command. */
type Task =
  | { purpose: 'assign'; options: SubmittedOptions }
  | { purpose: 'reconcile'; options: SubmittedReconciliation }
  | { purpose: 'classify'; options: SubmittedClassification };

/** Checks a file, stores it for the next run, and prints what happens next. */
export async function runSubmit(session: Session, path: string, options: SubmitOptions): Promise<ExitStatus> {
  const task = readTask(options);
  checkName(path);
  const database = await openLedgerAsOwner(session, 'Nothing was stored.');
  const account = await chooseLedgerAccount(session, database, options.account);
  const { sha256, bytes } = await hashFile(path, { signal: session.signal });
  const rejectedPath = resultFiles(resolve(options.out ?? join(session.config.dataDir, outboxFolder)), path).rejected;
  const checked = await check(session, database, { path, account, task, rejectedPath });
  const submission =
    checked.earlierBatch === undefined
      ? await storeSubmittedFile(database, { account, ...task, path, sha256, signal: session.signal })
      : undefined;
  const facts = { account, fileName: basename(path), sha256, bytes, task, checked, submission };
  const print = options.json ? submissionAsJson : submissionAsText;
  printResult(session.redact(print(facts)), options);
  return checked.rejected > 0 ? exitStatus.rejected : exitStatus.done;
}

const forAssign = { action: '--action', force: '--force', again: '--again' };
const forOrders = { customerOrderId: '--customer-order-id' };
const forReconcile = { prune: '--prune', maxChange: '--max-change' };
const forClassify = {
  from: '--from',
  to: '--to',
  note: '--note',
  residential: '--residential',
  override: '--override',
};

function readTask(options: SubmitOptions): Task {
  const { category, from, column, sheet, allowRejects = false } = options;
  const given = (names: Readonly<Record<string, string>>) =>
    Object.entries(names).flatMap(([name, flag]) => (options[name as keyof SubmitOptions] === undefined ? [] : flag));
  const orderId = () =>
    options.customerOrderId === undefined ? undefined : checkCustomPrefix(options.customerOrderId);
  if (options.reconcile) {
    const [stray] = given({ ...forAssign, ...forClassify, category: '--category' });
    if (stray !== undefined) {
      throw new UsageError(`${stray} and --reconcile cannot be combined.`, {
        hint: 'A file is assigned, reconciled or classified. Submit it twice to do two of these.',
      });
    }
    const { prune = false, maxChange } = options;
    const choices = { prune, maxChange: maxChange === undefined ? undefined : parseMaxChange(maxChange) };
    return { purpose: 'reconcile', options: { ...choices, column, sheet, allowRejects, customerOrderId: orderId() } };
  }
  const [onlyReconcile] = given(forReconcile);
  if (onlyReconcile !== undefined) {
    throw new UsageError(`${onlyReconcile} applies to --reconcile only.`, {
      hint: 'Add --reconcile for a list of the numbers in use, or remove the option.',
    });
  }
  if (category === undefined) {
    const [stray] = given(forClassify);
    if (stray !== undefined) {
      throw new UsageError(`${stray} applies to classifications only, and --category is missing.`, {
        hint: 'Name the category, or remove the option to assign numbers.',
      });
    }
    const { action, force, again } = options;
    return {
      purpose: 'assign',
      options: {
        action: action === undefined ? undefined : readAction(action),
        column,
        sheet,
        force,
        again,
        allowRejects,
        customerOrderId: orderId(),
      },
    };
  }
  const [stray] = given({ ...forAssign, ...forOrders });
  if (stray !== undefined) {
    throw new UsageError(`${stray} and --category cannot be combined: a file is either assigned or classified.`, {
      hint: 'Submit the file twice to do both.',
    });
  }
  if (from === undefined) {
    throw new UsageError('--category needs the first day of the classification.', { hint: 'Add --from yyyy-mm-dd.' });
  }
  return {
    purpose: 'classify',
    options: { ...readClassification({ ...options, category, from }), column, sheet, allowRejects },
  };
}

/** @throws {UsageError} results couldn't be named after the file */
function checkName(path: string): void {
  const bytes = Buffer.byteLength(basename(path));
  if (bytes <= maxNameBytes) return;
  throw new UsageError(
    `${path} has a name of ${bytes} bytes, more than the ${maxNameBytes} that leave room for the result names. Nothing was stored.`,
    { hint: 'Give the file a shorter name.' },
  );
}

interface ToCheck {
  path: string;
  account: string;
  task: Task;
  rejectedPath: string;
}

async function check(
  { log, signal }: Session,
  database: Database,
  { path, account, task, rejectedPath }: ToCheck,
): Promise<Checked> {
  if (task.purpose === 'classify') {
    const { column, sheet, allowRejects, ...classification } = task.options;
    const options = { account, column, sheet, allowRejects, dryRun: true, rejectedPath, signal };
    const { total, reading, rejected, reasons, ...classified } = await classifyFile(
      database,
      path,
      classification,
      options,
    );
    return { total, reading, rejected, rejectedPath: classified.rejectedPath, toDo: classified.declared, reasons };
  }
  const context = { account, database, signal, warn: (sentence: string) => log.warn(sentence) };
  if (task.purpose === 'reconcile') {
    const { plan, refusal, reading } = await planFile(context, path, task.options);
    if (refusal !== undefined) throw refusal;
    const { lines, rejected, toAssign, toUnassign } = plan.counts;
    const reasons = plan.reasons.flatMap(({ group, code, reason, count }) =>
      group === 'rejected' || group === 'not assignable' ? { reason: reasonText(code, reason, count), count } : [],
    );
    return { total: lines, reading, rejected, rejectedPath: undefined, toDo: toAssign + toUnassign, reasons };
  }
  const options: AssignOptions = {
    ...task.options,
    ...{ action: task.options.action, wait: false, timeoutMs: 0 },
    files: { results: '', rejected: rejectedPath },
  };
  const { summary, reading, kind, rejected } = await checkFile(context, path, options);
  return {
    ...{ total: summary.total, reading, rejected: summary.rejected, rejectedPath: rejected },
    toDo: summary.total - summary.rejected - summary.skipped,
    reasons: reasonsOf(summary),
    ...(kind === 'reported' && { earlierBatch: summary.batch }),
  };
}

function reasonsOf({ reasons }: BatchSummary): Checked['reasons'] {
  return reasons.flatMap(({ outcome, code, description, count }) =>
    outcome === 'REJECTED' ? { reason: reasonText(code, description, count), count } : [],
  );
}

function reasonText(code: string | undefined, description: string | undefined, count: number): string {
  return `${code}${count === 1 ? '' : ', for example'}: ${description}`;
}
