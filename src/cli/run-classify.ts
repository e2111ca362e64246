import { join, resolve } from 'node:path';
import { outboxFolder } from '../assignment/inbox.js';
import { resultFiles } from '../assignment/results.js';
import { type ExitStatus, exitStatus } from '../errors.js';
import { type Classification, type Classified, classifyFile } from '../nruf/classify.js';
import { shortestAgingDays } from '../nruf/limits.js';
import { describeReading, readingAsJson } from '../number-file/reading.js';
import { chooseLedgerAccount } from './choose-ledger-account.js';
import { formatCount } from './format.js';
import { openLedger } from './open-ledger.js';
import { printResult } from './print-result.js';
import { type ClassificationOptions, readClassification } from './read-classification.js';
import type { Session } from './session.js';

export interface ClassifyCommandOptions extends ClassificationOptions {
  column?: string;
  sheet?: string;
  allowRejects?: boolean;
  dryRun?: boolean;
  out?: string;
  account?: string;
  json?: boolean;
}

/** Records the classification of the numbers in a file and prints the result. */
export async function runClassify(
  session: Session,
  path: string,
  options: ClassifyCommandOptions,
): Promise<ExitStatus> {
  const declaration = readClassification(options);
  const database = await openLedger(session);
  const account = await chooseLedgerAccount(session, database, options.account);
  const classified = await classifyFile(database, path, declaration, {
    account,
    column: options.column,
    sheet: options.sheet,
    allowRejects: options.allowRejects ?? false,
    dryRun: options.dryRun ?? false,
    rejectedPath: resultFiles(resolve(options.out ?? join(session.config.dataDir, outboxFolder)), path).rejected,
    signal: session.signal,
  });
  if (classified.tooShort > 0) {
    session.log.warn(
      `${formatCount(classified.tooShort)} ${classified.tooShort === 1 ? 'number ages' : 'numbers age'} for fewer than ${shortestAgingDays} days, the minimum of 47 CFR 52.15(f)(1)(ii). Run tn-ledger audit to list them.`,
    );
  }
  const { warning } = classified.reading;
  if (warning !== undefined) session.log.warn(`${path}: ${warning}`);
  const print = options.json ? asJson : asText;
  printResult(print(classified, declaration, account, options.dryRun ?? false), options);
  return classified.rejected > 0 ? exitStatus.rejected : exitStatus.done;
}

function asText(
  classified: Classified,
  { category, from, to }: Classification,
  account: string,
  dryRun: boolean,
): string {
  const { total, reading, declared, unchanged, replaced, rejected, reasons, rejectedPath } = classified;
  const lines = [
    ...describeReading(reading),
    `${formatCount(declared)} of ${formatCount(total)} numbers ${dryRun ? 'would be' : 'were'} classified as ${category} for account ${account}, from ${from} ${to === undefined ? 'on' : `to ${to}`}.`,
  ];
  if (unchanged > 0) lines.push(`Already classified this way and unchanged: ${formatCount(unchanged)}.`);
  if (replaced > 0)
    lines.push(
      `Earlier classifications that end on that day or are replaced: ${formatCount(replaced)}. Their history is kept.`,
    );
  if (rejected > 0) {
    lines.push(`Lines rejected: ${formatCount(rejected)}, listed in ${rejectedPath}:`);
    for (const { reason, count } of reasons) lines.push(`  ${formatCount(count)}: ${reason}`);
  }
  return lines.join('\n');
}

function asJson(
  classified: Classified,
  { category, from, to, note, residential }: Classification,
  account: string,
  dryRun: boolean,
): string {
  const { total, reading, declared, unchanged, replaced, tooShort, rejected, reasons, rejectedPath } = classified;
  return JSON.stringify(
    {
      account,
      category,
      from,
      to: to ?? null,
      note: note ?? null,
      residential,
      dry_run: dryRun,
      reading: readingAsJson(reading),
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
