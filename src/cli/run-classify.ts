import { join, resolve } from 'node:path';
import { outboxFolder } from '../assignment/inbox.js';
import { resultFiles } from '../assignment/results.js';
import type { Database } from '../database/connect.js';
import { type ExitStatus, exitStatus, UsageError } from '../errors.js';
import {
  type Category,
  type Classified,
  categories,
  checkLength,
  classifyFile,
  type Declaration,
} from '../nruf/classify.js';
import { shortestAgingDays } from '../nruf/limits.js';
import { checkAccounts } from '../nruf/scope.js';
import { type Day, parseDay } from '../sync/days.js';
import { chooseOneAccount } from './choose-accounts.js';
import type { ClassifyCommandOptions } from './classify.js';
import { formatCount } from './format.js';
import { openLedger } from './open-ledger.js';
import { printResult } from './print-result.js';
import type { Session } from './session.js';

/** Declares what the numbers of a file are used for, and prints what came of it. */
export async function runClassify(
  session: Session,
  path: string,
  options: ClassifyCommandOptions,
): Promise<ExitStatus> {
  const declaration: Declaration = {
    category: readCategory(options.category),
    from: readDay('--from', options.from),
    to: options.to === undefined ? undefined : readDay('--to', options.to),
    note: options.note,
    override: options.override ?? false,
    residential: options.residential ?? false,
  };
  checkLength(declaration);
  const database = await openLedger(session);
  const account = await chooseAccount(session, database, options.account);
  const classified = await classifyFile(database, path, declaration, {
    account,
    column: options.column,
    allowRejects: options.allowRejects ?? false,
    dryRun: options.dryRun ?? false,
    rejectedPath: resultFiles(resolve(options.out ?? join(session.config.dataDir, outboxFolder)), path).rejected,
    signal: session.signal,
  });
  if (classified.tooShort > 0) {
    session.log.warn(
      `${formatCount(classified.tooShort)} ${classified.tooShort === 1 ? 'number ages' : 'numbers age'} for fewer than ${shortestAgingDays} days, the minimum of 47 CFR 52.15(f)(1)(ii). tn-ledger audit lists them.`,
    );
  }
  const print = options.json ? asJson : asText;
  printResult(print(classified, declaration, account, options.dryRun ?? false), options);
  return classified.rejected > 0 ? exitStatus.rejected : exitStatus.done;
}

/** One of those configured; where none is, one of those that the ledger has. */
async function chooseAccount(session: Session, database: Database, wanted: string | undefined): Promise<string> {
  const known = await checkAccounts(database.pool, wanted === undefined ? undefined : [wanted]);
  const { accounts } = session.config;
  const account = chooseOneAccount(accounts.length > 0 ? accounts : known, wanted);
  await checkAccounts(database.pool, [account]);
  return account;
}

function readCategory(text: string): Category {
  const category = categories.find((each) => each === text.trim().toLowerCase());
  if (category !== undefined) return category;
  throw new UsageError(`There is no category ${JSON.stringify(text)} to declare.`, {
    hint: `Known: ${categories.join(', ')}. Assigned and unassigned are declared to Bandwidth: tn-ledger assign.`,
  });
}

function readDay(option: string, text: string): Day {
  const day = parseDay(text);
  if (day !== undefined) return day;
  throw new UsageError(`${option} wants a day as yyyy-mm-dd, such as 2026-11-01; got ${JSON.stringify(text)}.`);
}

function asText(classified: Classified, { category, from, to }: Declaration, account: string, dryRun: boolean): string {
  const { total, declared, unchanged, replaced, rejected, reasons, rejectedPath } = classified;
  const lines = [
    `${formatCount(declared)} of ${formatCount(total)} numbers ${dryRun ? 'would be' : 'were'} declared ${category} for account ${account}, from ${from} ${to === undefined ? 'until further notice' : `to ${to}`}.`,
  ];
  if (unchanged > 0) lines.push(`Declared so before, and left as they are: ${formatCount(unchanged)}.`);
  if (replaced > 0)
    lines.push(
      `Earlier declarations that end on that day, or are replaced: ${formatCount(replaced)}. What they said is kept.`,
    );
  if (rejected > 0) {
    lines.push(`Lines rejected: ${formatCount(rejected)}; ${rejectedPath} names them:`);
    for (const { reason, count } of reasons) lines.push(`  ${formatCount(count)}: ${reason}`);
  }
  return lines.join('\n');
}

function asJson(
  classified: Classified,
  { category, from, to, note, residential }: Declaration,
  account: string,
  dryRun: boolean,
): string {
  const { total, declared, unchanged, replaced, tooShort, rejected, reasons, rejectedPath } = classified;
  return JSON.stringify(
    {
      account,
      category,
      from,
      to: to ?? null,
      note: note ?? null,
      residential,
      dry_run: dryRun,
      total,
      declared,
      unchanged,
      replaced,
      too_short: tooShort,
      rejected,
      reasons,
      rejected_file: rejectedPath ?? null,
    },
    null,
    2,
  );
}
